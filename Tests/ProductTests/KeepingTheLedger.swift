import Events
import FlotillaTesting
import Foundation
import Storage
import Testing
import Web

@testable import Product

@Suite struct `Keeping the ledger of the stock` {
    @Test(arguments: 1...6)
    func `agrees with levels and holds after every step`(seed: UInt64) async throws {
        let shelf = try await Shelf()
        var random = SeededRandom(seed: seed)
        let variants = [
            try await shelf.put("A", onHand: 7), try await shelf.put("B", onHand: 0),
            try await shelf.put("C", onHand: 10, overbookingPercent: 15, customerMax: 6),
        ]
        let users = (0..<3).map { _ in UserID() }
        var orders: [(id: OrderID, user: UserID, lines: [StockDemand])] = []
        for _ in 0..<70 {
            if orders.isEmpty || Int.random(in: 0..<3, using: &random) == 0 {
                let lines = (0..<Int.random(in: 1...3, using: &random)).map { _ in
                    StockDemand(
                        variantID: variants.randomElement(using: &random) ?? variants[0],
                        quantity: .random(in: 1...4, using: &random))
                }
                orders.append(
                    (OrderID(), users.randomElement(using: &random) ?? users[0], lines))
            }
            // Old orders too: what is told late or twice is borne.
            let order = orders[
                Int.random(in: max(0, orders.count - 6)..<orders.count, using: &random)]
            let variant = variants.randomElement(using: &random) ?? variants[0]
            let (step, delta) = (
                Int.random(in: 0...7, using: &random), Int.random(in: -4...6, using: &random)
            )
            if step == 7 { shelf.time.advance(by: .seconds(Int64(delta + 5) * 60)) }
            try await take(step, of: order, variant, delta, in: shelf)
            try await shelf.check()
        }
    }

    private func take(
        _ step: Int, of order: (id: OrderID, user: UserID, lines: [StockDemand]),
        _ variant: VariantID, _ delta: Int, in shelf: Shelf
    ) async throws {
        let stock = shelf.stock
        let end = shelf.time.now + Double(delta) * 60
        do {
            try await shelf.database.write { transaction in
                switch step {
                case 0, 1:
                    try stock.hold(
                        order.id, for: order.user, order.lines, lasting: .seconds(300),
                        in: transaction)
                case 2: try stock.extend(order.id, until: end, in: transaction)
                case 3:
                    try stock.allocate(order.id, for: order.user, order.lines, in: transaction)
                case 4:
                    try stock.release(
                        order.id, of: order.user, because: "cancelled", in: transaction)
                case 5:
                    if delta != 0 {
                        _ = try stock.adjust(
                            variant, by: delta, actor: "somebody", because: "count",
                            in: transaction)
                    }
                case 6: try stock.expire(order.id, dueAt: .distantFuture, in: transaction)
                default:
                    try stock.setLimits(
                        of: variant, overbookingPercent: max(0, delta) * 10,
                        customerMax: delta > 3 ? delta : nil, at: shelf.time.now,
                        in: transaction)
                }
            }
        } catch let refusal as InventoryError {
            #expect(refusal == .belowCommitted)
        }
    }

    @Test func `refuses fewer pieces than are sold or set aside, and changes nothing`()
        async throws
    {
        let shelf = try await Shelf()
        let variant = try await shelf.put("A", onHand: 10, overbookingPercent: 10)
        #expect(
            try await shelf.stock.tryHold([StockDemand(variantID: variant, quantity: 11)]))
        let before = try await shelf.level(of: variant)
        let (stock, now) = (shelf.stock, shelf.time.now)
        await #expect(throws: InventoryError.belowCommitted) {
            try await shelf.database.write {
                try stock.adjust(variant, by: -1, actor: "a", because: "loss", in: $0)
            }
        }
        await #expect(throws: InventoryError.belowCommitted) {
            try await shelf.database.write {
                try stock.setLimits(
                    of: variant, overbookingPercent: 9, customerMax: nil, at: now, in: $0)
            }
        }
        await #expect(throws: InventoryError.belowCommitted) {
            try await stock.set(variant, if: nil, by: "a", because: "count") {
                $0.with(onHand: 9, overbookingPercent: 10, customerMax: nil)
            }
        }
        #expect(try await shelf.level(of: variant) == before)
        try await shelf.check()
    }

    @Test func `makes room for a count by ending holds that are over`() async throws {
        let shelf = try await Shelf()
        let variant = try await shelf.put("A", onHand: 10)
        #expect(
            try await shelf.stock.tryHold([StockDemand(variantID: variant, quantity: 10)]))
        shelf.time.advance(by: .seconds(601))
        let stock = shelf.stock
        let level = try await shelf.database.write {
            try stock.adjust(variant, by: -4, actor: "a", because: "loss", in: $0)
        }
        #expect(level.onHand == 6)
        #expect(level.reserved == 0)
        try await shelf.check()
    }

    @Test func `takes no more pieces than its numbers bear`() async throws {
        let shelf = try await Shelf()
        let variant = try await shelf.put("A", onHand: StockLevel.onHandMax)
        let stock = shelf.stock
        await #expect(throws: InventoryError.tooMany) {
            try await shelf.database.write {
                try stock.adjust(variant, by: 1, actor: "a", because: "gift", in: $0)
            }
        }
        await #expect(throws: InventoryError.unknownVariant) {
            try await shelf.level(of: VariantID())
        }
        try await shelf.check()
    }

    @Test func `is bounded by the schema as well`() async throws {
        let shelf = try await Shelf()
        let variant = try await shelf.put("A", onHand: 10, overbookingPercent: 10)
        let error = await #expect(throws: StorageError.self) {
            try await shelf.database.write {
                try $0.execute(
                    "UPDATE stock_levels SET reserved = 12 WHERE variant_id = \(variant)")
            }
        }
        #expect(error?.kind == .constraintViolation)
    }
}
