import Events
import FlotillaTesting
import Foundation
import Storage
import Testing

@testable import Product

@Suite(.serialized) struct `Selling to many at once` {
    @Test(arguments: [Isolation.snapshot, .readCommitted])
    func `gives away exactly what there is`(isolation: Isolation) async throws {
        let shelf = try await Shelf()
        let variant = try await shelf.put("HOT", onHand: 500)
        let stocks = try [shelf.stock, shelf.another()]
        let (tasks, tries) = isolation == .readCommitted ? (64, 40) : (16, 40)
        let heldCount = try await withThrowingTaskGroup(of: Int.self) { group in
            for task in 0..<tasks {
                group.addTask {
                    var count = 0
                    for _ in 0..<tries {
                        let isHeld = try await stocks[task % 2].tryHold(
                            [StockDemand(variantID: variant, quantity: 1)], isolation: isolation)
                        if isHeld { count += 1 }
                    }
                    return count
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(heldCount == 500)
        #expect(try await shelf.level(of: variant).reserved == 500)
        #expect(try await shelf.level(of: variant).available == 0)
        try await shelf.check()
    }

    @Test func `neither oversells nor loses pieces while holds end in every way`() async throws {
        let shelf = try await Shelf()
        let hot = try await shelf.put("A-HOT", onHand: 40)
        let other = try await shelf.put("B-OTHER", onHand: 25, overbookingPercent: 20)
        let stocks = try [shelf.stock, shelf.another()]
        try await withThrowingTaskGroup { group in
            for task in 0..<16 {
                group.addTask {
                    var random = SeededRandom(seed: UInt64(task))
                    let stock = stocks[task % 2]
                    for _ in 0..<12 {
                        try await live(with: stock, hot, other, in: shelf, &random)
                    }
                }
            }
            try await group.waitForAll()
        }
        try await shelf.check()
        let level = try await shelf.level(of: hot)
        #expect(level.allocated + level.reserved <= 40)
    }

    /// One order, from its placement to one of its ends.
    private func live(
        with stock: Stock, _ hot: VariantID, _ other: VariantID, in shelf: Shelf,
        _ random: inout SeededRandom
    ) async throws {
        let (order, user) = (OrderID(), UserID())
        var lines = [StockDemand(variantID: hot, quantity: .random(in: 1...3, using: &random))]
        if Bool.random(using: &random) {
            lines.insert(
                StockDemand(variantID: other, quantity: .random(in: 1...2, using: &random)), at: 0)
        }
        guard try await stock.tryHold(lines, as: order, for: user) else { return }
        let fate = Int.random(in: 0...3, using: &random)
        let wanted = lines
        switch fate {
        case 0:
            try await stock.tryWrite {
                try stock.release(order, of: user, because: "cancelled", in: $0)
            }
        case 1:
            try await stock.tryWrite { try stock.allocate(order, for: user, wanted, in: $0) }
        case 2:
            try await stock.tryWrite { try stock.allocate(order, for: user, wanted, in: $0) }
            try await stock.tryWrite {
                try stock.release(order, of: user, because: "cancelled", in: $0)
            }
        default:
            shelf.time.advance(by: .seconds(30))
            try await stock.tryWrite { try stock.expire(order, dueAt: .distantFuture, in: $0) }
        }
    }

    @Test(arguments: [Isolation.snapshot, .readCommitted])
    func `ends holds that are over once, though many make room at the same time`(
        isolation: Isolation
    ) async throws {
        let shelf = try await Shelf()
        let variant = try await shelf.put("A", onHand: 20)
        let other = try await shelf.put("B", onHand: 100)
        for _ in 0..<10 {
            let lines = [(variant, 2), (other, 1)].map {
                StockDemand(variantID: $0.0, quantity: $0.1)
            }
            #expect(try await shelf.stock.tryHold(lines))
        }
        // Nobody tidies.
        shelf.time.advance(by: .seconds(601))
        let stocks = try [shelf.stock, shelf.another()]
        let heldCount = try await withThrowingTaskGroup(of: Int.self) { group in
            for task in 0..<12 {
                group.addTask {
                    var count = 0
                    for _ in 0..<4 {
                        let isHeld = try await stocks[task % 2].tryHold(
                            [StockDemand(variantID: variant, quantity: 1)], isolation: isolation)
                        if isHeld { count += 1 }
                    }
                    return count
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(heldCount == 20)
        #expect(try await shelf.level(of: other).reserved == 0)
        let expiryCount: Int = try await shelf.database.read { transaction in
            try transaction.rows("SELECT id FROM stock_movements WHERE kind = 'expiry'").count
        }
        #expect(expiryCount == 20, "ten holds of two lines")
        try await shelf.check()
    }

    @Test func `lets orders that cross each other's lines both end`() async throws {
        let shelf = try await Shelf()
        let first = try await shelf.put("X-1", onHand: 1_000)
        let second = try await shelf.put("X-2", onHand: 1_000)
        let stocks = try [shelf.stock, shelf.another()]
        try await withThrowingTaskGroup { group in
            for task in 0..<16 {
                group.addTask {
                    let lines = [first, second].map { StockDemand(variantID: $0, quantity: 1) }
                    for _ in 0..<10 {
                        let isHeld = try await stocks[task % 2].tryHold(
                            task.isMultiple(of: 4) ? lines : lines.reversed(),
                            isolation: .readCommitted)
                        #expect(isHeld)
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try await shelf.level(of: first).reserved == 160)
        #expect(try await shelf.level(of: second).reserved == 160)
        try await shelf.check()
    }

    @Test(arguments: [Isolation.snapshot, .readCommitted])
    func `keeps a customer to their limit`(isolation: Isolation) async throws {
        let shelf = try await Shelf()
        let variant = try await shelf.put("LIMITED", onHand: 1_000, customerMax: 5)
        let stocks = try [shelf.stock, shelf.another()]
        let user = UserID()
        let heldCount = try await withThrowingTaskGroup(of: Bool.self) { group in
            for task in 0..<24 {
                group.addTask {
                    try await stocks[task % 2].tryHold(
                        [StockDemand(variantID: variant, quantity: 2)], for: user,
                        isolation: isolation)
                }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(heldCount == 2)
        #expect(try await shelf.level(of: variant).reserved == 4)
        #expect(
            try await shelf.stock.tryHold([StockDemand(variantID: variant, quantity: 5)]),
            "another customer has a limit of their own")
        try await shelf.check()
    }
}
