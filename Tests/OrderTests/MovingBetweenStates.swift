import Events
import FlotillaTesting
import Foundation
import OrderContract
import Storage
import Testing

@testable import Order

/// Every answer that guards can give to an outcome.
private func leaves(_ outcome: Outcome) -> [Outcome] {
    guard case .either(_, let then, let otherwise) = outcome else { return [outcome] }
    return leaves(then) + leaves(otherwise)
}

@Suite struct `Moving between states` {
    private static let ended: [OrderState] = [.rejected, .expired, .cancelled, .refunded]

    @Test(arguments: OrderState.allCases, Occurrence.allCases)
    func `has an answer for every pair`(state: OrderState, occurrence: Occurrence) {
        for outcome in leaves(OrderTransitions.outcome(of: occurrence, in: state)) {
            switch outcome {
            case .move(let target):
                #expect(target != state, "a move leads elsewhere")
                #expect(target != .pending, "nothing goes back to the beginning")
                #expect(!Self.ended.contains(state), "nothing leaves an end")
            case .stays:
                // What has happened is noted; of commands only a refund leaves the state.
                #expect(!occurrence.isCommand || occurrence == .refundRequested)
            case .refuse:
                #expect(occurrence.isCommand, "a fact can't be refused")
            case .either:
                Issue.record("a guard within is a leaf")
            }
        }
    }

    @Test func `reaches every state`() {
        var reached: Set<OrderState> = [.pending]
        var isGrowing = true
        while isGrowing {
            isGrowing = false
            for state in reached {
                for occurrence in Occurrence.allCases {
                    for case .move(let target) in leaves(
                        OrderTransitions.outcome(of: occurrence, in: state))
                    where reached.insert(target).inserted {
                        isGrowing = true
                    }
                }
            }
        }
        #expect(reached == Set(OrderState.allCases))
    }

    @Test func `confirms by allocated stock alone, and only what is covered`() {
        for state in OrderState.allCases {
            for occurrence in Occurrence.allCases {
                let outcome = OrderTransitions.outcome(of: occurrence, in: state)
                guard leaves(outcome).contains(.move(.confirmed)) else { continue }
                #expect(occurrence == .stockAllocated)
                guard case .either(.isCovered, then: .move(.confirmed), _) = outcome else {
                    Issue.record("\(state) is confirmed unguarded")
                    continue
                }
            }
        }
    }

    @Test func `is described in the guide as it is`() throws {
        let guide = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../docs/guides/order-states.md").standardized
        if ProcessInfo.processInfo.environment["FLOTILLA_WRITE_GUIDES"] != nil {
            try Data(OrderTransitions.markdown.utf8).write(to: guide)
        }
        #expect(try String(contentsOf: guide, encoding: .utf8) == OrderTransitions.markdown)
    }

    @Test(arguments: OrderState.allCases, PaymentStatus.allCases)
    func `is summed up in one word`(state: OrderState, payment: PaymentStatus) {
        let status = OrderStatus(state, payment)
        switch state {
        case .pending, .awaitingStock, .reserved, .awaitingPayment: #expect(status == .pending)
        case .confirmed, .inFulfilment, .completed:
            #expect(status == (payment == .partiallyRefunded ? .partiallyRefunded : .paid))
        case .rejected, .paymentFailed, .expired, .cancelled, .refunded:
            #expect(status.rawValue == state.rawValue)
        }
    }
}

@Suite struct `Adding up an order` {
    private func order(_ items: [(Int64, Currency, Int)]) throws -> Order {
        try Order(
            id: OrderID(), number: "FL-1", userID: UserID(), kind: .standard,
            items: items.map {
                OrderedItem(
                    productID: .first, quantity: $0.2,
                    unitPrice: Money(amount: $0.0, currency: $0.1))
            }, at: TestTime().now)
    }

    @Test func `multiplies and sums`() throws {
        let order = try order([(1_999, .euro, 3), (1, .euro, 2)])
        #expect(order.total == .euro(5_999))
        #expect(order.state == .pending)
        #expect(order.created.total == order.total)
        #expect(order.created.kind == "standard")
        #expect(order.created.key == order.id.description)
    }

    @Test(
        arguments: [
            [(Order.totalMax, .euro, 1)], [(Order.totalMax - 1, .euro, 1), (1, .euro, 1)],
        ] as [[(Int64, Currency, Int)]])
    func `goes up to what every reader takes`(items: [(Int64, Currency, Int)]) throws {
        #expect(try order(items).total.amount == Order.totalMax)
    }

    @Test(
        arguments: [
            [(Order.totalMax + 1, .euro, 1)], [(Order.totalMax, .euro, 1), (1, .euro, 1)],
            [(.max, .euro, 2)], [(1, .euro, 1), (1, .dollar, 1)],
        ] as [[(Int64, Currency, Int)]])
    func `refuses what does not fit, and mixed currencies`(items: [(Int64, Currency, Int)]) {
        #expect(throws: OrderError.totalTooLarge) { try order(items) }
    }

    @Test func `refuses nothing at all`() {
        #expect(throws: OrderError.empty) { try order([]) }
    }
}

@Suite struct `Keeping a fee` {
    private let now = TestTime().now

    private func fee(_ amount: Int64, daysBefore days: Double?) throws -> Int64 {
        let fees = try #require(CancellationFees(CancellationFees.standardText))
        return fees.fee(of: .euro(amount), startsAt: days.map { now + $0 * 86_400 }, at: now)
            .amount
    }

    @Test(
        arguments: [
            (nil, 0), (30, 0), (14, 0), (13.999, 50), (2, 50), (1.999, 100), (0, 100), (-5, 100),
        ] as [(Double?, Int64)])
    func `is the larger the later`(days: Double?, percent: Int64) throws {
        #expect(try fee(1_000, daysBefore: days) == percent * 10)
    }

    @Test(arguments: [(1, 0), (2, 1), (3, 2), (5, 2), (7, 4), (101, 50), (103, 52)])
    func `rounds halves to the even neighbour`(amount: Int64, half: Int64) throws {
        #expect(try fee(amount, daysBefore: 3) == half)
    }

    @Test func `fits the largest total`() throws {
        #expect(try fee(Order.totalMax, daysBefore: 0) == Order.totalMax)
    }

    @Test(arguments: [
        "", ",", "14d", "14d=", "=1", "14=1", "d=1", "-1d=0", "1d=101", "1d=-1", "1d=x",
        "1d=1,1d=2", "1d=1,", "1h=1",
    ])
    func `is refused a policy that is none`(text: String) {
        #expect(CancellationFees(text) == nil)
    }
}

@Suite struct `Numbering an order` {
    @Test func `is well formed, and rarely the same`() {
        let numbers = (0..<2_000).map { _ in OrderNumber.draw() }
        #expect(numbers.allSatisfy(OrderNumber.isWellFormed))
        #expect(
            numbers.allSatisfy {
                $0.wholeMatch(of: /FL-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{5}/) != nil
            })
        #expect(Set(numbers).count == numbers.count)
    }

    @Test func `finds every wrong character`() {
        let number = Array(OrderNumber.draw())
        for index in number.indices.dropFirst(3) where number[index] != "-" {
            for other in "0123456789ABCDEFGHJKMNPQRSTVWXYZ" where other != number[index] {
                var wrong = number
                wrong[index] = other
                #expect(!OrderNumber.isWellFormed(String(wrong)))
            }
        }
    }

    @Test func `draws again when a number is taken`() async throws {
        let harness = try await ModuleHarness<OrderModule>.withCatalogue()
        let numbers = Draws(["FL-SAME-00000", "FL-SAME-00000", "FL-ELSE-00000"])
        var orders = harness.module.orders
        orders.drawNumber = { numbers.next() }
        let new = NewOrder(content: .items([.init(productID: .first, quantity: 1)]))
        var drawn: [String] = []
        for _ in 0..<2 {
            drawn.append(
                try await harness.database.write { [orders] in
                    try orders.place(new, for: UserID(), in: $0).number
                })
        }
        #expect(drawn == ["FL-SAME-00000", "FL-ELSE-00000"])
    }

    @Test func `gives each of many at once its own`() async throws {
        let harness = try await ModuleHarness<OrderModule>.withCatalogue()
        var orders = harness.module.orders
        // So few numbers that they meet: each is drawn again until one is free.
        orders.drawNumber = { "FL-\(Int.random(in: 0..<40))" }
        let new = NewOrder(content: .items([.init(productID: .first, quantity: 1)]))
        let numbers = try await withThrowingTaskGroup(of: String?.self) { group in
            for _ in 0..<20 {
                group.addTask { [orders] in
                    try? await harness.database.write {
                        try orders.place(new, for: UserID(), in: $0).number
                    }
                }
            }
            return try await group.reduce(into: [String]()) { numbers, number in
                if let number { numbers.append(number) }
            }
        }
        #expect(!numbers.isEmpty)
        #expect(Set(numbers).count == numbers.count)
    }
}
