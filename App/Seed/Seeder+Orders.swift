import Foundation
import NIOHTTP1
import Web

extension Seeder {
    /// A planned order, and what is seen of it; `nil` when it was not placed.
    struct Planned: Sendable {
        let number: Int
        let order: SeedOrder
        let person: SeedPerson
        var seen: SeenOrder?
    }

    /// How long the system may take to bring all orders where they are to be.
    private static let patience = Duration.seconds(90)

    /// Places what is missing, and takes each where it is to be in the end.
    func addOrders(_ isWanted: (SeedOrder) -> Bool) async throws {
        let wanted = try await plannedOrders().filter { isWanted($0.order) }
        reporter.begin("orders", of: wanted.count)
        for planned in wanted {
            guard planned.seen == nil else {
                result.orders.found += 1
                continue
            }
            try await place(planned)
            result.orders.made += 1
        }
        try await settle { isWanted($0) }
    }

    /// The plan beside what is there of it.
    func plannedOrders() async throws -> [Planned] {
        var orders: [Int: [SeenOrder]] = [:]
        var planned: [Planned] = []
        for (number, order) in SeedOrder.plan.enumerated() {
            let person = SeedPerson.all[order.customer]
            if orders[order.customer] == nil {
                orders[order.customer] = try await self.orders(of: person)
            }
            let variant = variants[order.sku]
            let seen = orders[order.customer]?.first {
                $0.kind == "standard" && $0.variant == variant && $0.quantity == order.quantity
            }
            planned.append(
                Planned(number: number + 1, order: order, person: person, seen: seen))
        }
        return planned
    }

    private func orders(of person: SeedPerson) async throws -> [SeenOrder] {
        guard let id = accounts[person.email] else { return [] }
        return try await administrator.all("/api/v1/admin/orders?userId=\(id)")
            .map(SeenOrder.init)
    }

    // MARK: - Placing

    private func place(_ planned: Planned) async throws {
        let own = try await client(of: planned.person)
        let order = planned.order
        guard let variant = variants[order.sku],
            let price = SeedCatalogue.productsBySKU[order.sku]?.price(
                of: order.sku, in: order.currency)
        else { throw SeedFailure("there is no product with SKU \(order.sku)") }
        let total = price.amount * Int64(order.quantity)
        let items = JSONValue.array([
            .object([
                "productId": .string(variant), "quantity": .integer(Int64(order.quantity)),
            ])
        ])
        var body: [String: JSONValue] = [
            "currency": .string(price.currency),
            "expectedTotal": .object([
                "amount": .integer(total), "currency": .string(price.currency),
            ]),
        ]
        body["items"] = order.isQuoted ? nil : items
        if order.isQuoted {
            let quote = try await own.post("/api/v1/quotes", .object(["items": items]))
            body["quoteId"] = try quote.expecting(201).json["id"]
        }
        try await post(.object(body), planned.number, as: own)
    }

    /// Orders hear of the catalogue a moment later, so a refusal is not believed at once.
    private func post(_ body: JSONValue, _ number: Int, as own: SeedClient) async throws {
        let deadline = ContinuousClock.now + .seconds(30)
        while true {
            let answer = try await own.post(
                "/api/v1/orders", body, headers: ["Idempotency-Key": "seed-\(number)"])
            guard answer.status != 201 else { return }
            guard [409, 422, 503].contains(answer.status), ContinuousClock.now < deadline else {
                throw SeedFailure(answer)
            }
            try await Task.sleep(for: .milliseconds(250))
        }
    }

    // MARK: - Waiting

    /// Looks again and again, and takes the next step of each order that waits for one, until none
    /// does.
    private func settle(_ isWanted: (SeedOrder) -> Bool) async throws {
        let deadline = ContinuousClock.now + Self.patience
        while true {
            let planned = try await plannedOrders().filter { isWanted($0.order) }
            var open: [Planned] = []
            for one in planned {
                guard let seen = one.seen else { continue }
                switch one.order.goal.step(for: seen) {
                case .nothing: continue
                case .wait: open.append(one)
                case let step:
                    open.append(one)
                    try await take(step, seen, of: one)
                }
            }
            reporter.reach(planned.count - open.count)
            guard let first = open.first?.seen else { break }
            guard ContinuousClock.now < deadline else {
                throw SeedFailure(
                    "\(open.count) orders do not get on: \(first.id) is \(first.state), its"
                        + " payment \(first.paymentStatus); `flotilla consumers` may say why")
            }
            try await Task.sleep(for: .milliseconds(200))
        }
        try await settleWelcomes(until: deadline)
    }

    /// Welcome orders come by themselves; none of them may be on its way when this process ends its
    /// waiting for payments.
    private func settleWelcomes(until deadline: ContinuousClock.Instant) async throws {
        for person in SeedPerson.all {
            while try await orders(of: person).contains(where: {
                $0.kind != "standard" && $0.isBusy
            }) {
                guard ContinuousClock.now < deadline else {
                    throw SeedFailure("the welcome order of \(person.email) does not get on")
                }
                try await Task.sleep(for: .milliseconds(200))
            }
        }
    }

    /// - Throws: ``SeedFailure`` unless it was done, or the order has moved on meanwhile.
    private func take(
        _ step: SeedOrder.Goal.Step, _ seen: SeenOrder, of planned: Planned
    ) async throws {
        let own = try await client(of: planned.person)
        let (mine, admin) = ("/api/v1/orders/\(seen.id)", "/api/v1/admin/orders/\(seen.id)")
        let look = try await administrator.get(admin).expecting(200)
        let match = ["If-Match": look.tag ?? "*"]
        func fulfil(_ status: String) async throws -> SeedAnswer {
            try await administrator.send(
                .PUT, "\(admin)/fulfilment", .object(["status": .string(status)]),
                headers: match)
        }
        func refund(_ amount: Int64, _ reason: String) async throws -> SeedAnswer {
            try await administrator.post(
                "\(admin)/refunds",
                .object([
                    "amount": .object([
                        "amount": .integer(amount), "currency": .string(seen.currency),
                    ]), "reason": .string(reason),
                ]), headers: match)
        }
        let answer: SeedAnswer
        switch step {
        case .nothing, .wait: return
        case .issueVoucher: answer = try await fulfil("voucher_issued")
        case .markUsed: answer = try await fulfil("used")
        case .markNoShow: answer = try await fulfil("no_show")
        case .payAgain: answer = try await own.post("\(mine)/payments", nil)
        case .cancel:
            answer = try await own.post(
                "\(mine)/cancellation", .object(["reason": .string("Other plans")]),
                headers: match)
        case .refundQuarter:
            answer = try await refund(seen.total / 4, "The lift was closed for a day")
        case .refundAll: answer = try await refund(seen.total, "The hotel was flooded")
        }
        guard (200..<300).contains(answer.status) || [409, 412].contains(answer.status) else {
            throw SeedFailure(answer)
        }
    }
}

extension SeenOrder {
    init(_ json: JSONValue) {
        let item = json["items"].items.first
        self.init(
            id: json["id"].text ?? "", kind: json["kind"].text ?? "",
            state: json["state"].text ?? "",
            paymentStatus: json["paymentStatus"].text ?? "",
            attempt: Int(json["attempt"].integer ?? 1), variant: item?["productId"].text,
            quantity: Int(item?["quantity"].integer ?? 0),
            total: json["total"]["amount"].integer ?? 0,
            currency: json["total"]["currency"].text ?? "")
    }
}
