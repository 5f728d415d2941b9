import Events
import FlotillaTesting
import Foundation
import Platform
import Storage
import Web

@testable import Order
@testable import Payment
@testable import Product

/// Orders, stock and money in one simulated world, with a shelf of which everything is known.
struct Shop: Sendable {
    static let modules: [any Module.Type] = [
        ProductModule.self, OrderModule.self, PaymentModule.self,
    ]
    /// What may run out.
    static let room = VariantID(UUID.numbered(0xA1))
    /// What never does.
    static let breakfast = VariantID(UUID.numbered(0xB2))

    let simulation: Simulation
    /// Sets the ids of this world's orders apart from others': they choose the partitions.
    let number: UInt64

    /// What the modules' provider would answer.
    static let provider = SimulatedPaymentProvider(
        seed: "flotilla", successPercentage: successPercentage, database: .absent("provider"))
    static let successPercentage = 50

    /// The first of the orders whose first payment the provider declines and not the second.
    func orderPaidAtSecondTry(total: Int64) -> Int {
        func fails(_ order: Int, at attempt: Int) -> Bool {
            let payment = PaymentID(of: id(order), attempt: attempt)
            return Self.provider.failure(of: payment, Self.euros(total)) != nil
        }
        return (1...).first { fails($0, at: 1) && !fails($0, at: 2) } ?? 1
    }

    /// Fills the shelf, whatever goes wrong meanwhile.
    func open(roomCount: Int) async throws {
        for (variant, sku, count) in [
            (Self.room, "ROOM", roomCount), (Self.breakfast, "BREAKFAST", 100),
        ] {
            let facts = VariantFacts(
                sku: sku, name: sku, isActive: true, roomClass: nil, startsAt: nil, endsAt: nil,
                quantityMin: 1, quantityMax: 99, prices: [Self.euros(2_000)])
            let draft = ProductDraft(
                facts: ProductFacts(
                    kind: .package, status: .active, name: sku, description: "",
                    categories: [], attributes: [:], texts: [:]),
                variants: [VariantDraft(id: variant, facts: facts, onHand: count)])
            try await insist(on: ProductModule.self) { module in
                let parts = module.parts.compactMap { $0 as? CataloguePart }
                guard let catalogue = parts.first?.catalogue else { return }
                do {
                    _ = try await catalogue.database.write { transaction in
                        try catalogue.create(draft, in: transaction)
                    }
                } catch CatalogueError.skuTaken {}
            }
        }
    }

    /// The id of an order; 1 for the first.
    func id(_ order: Int) -> OrderID { OrderID(UUID.numbered(number * 1_000 + UInt64(order))) }

    /// Places an order of rooms and a breakfast, once.
    ///
    /// - Parameter total: what all of it costs, in cents.
    func place(
        _ order: Int, total: Int64, rooms: Int = 1, startsIn days: Double? = nil
    ) async throws {
        let id = id(order)
        try await insist(on: OrderModule.self) { module in
            let orders = module.orders
            try await orders.database.write { transaction in
                guard try orders.store.find(id, in: transaction) == nil else { return }
                let now = try orders.now(transaction).wholeMilliseconds
                let startsAt = days.map { now + $0 * 86_400 }
                let new = try Order(
                    id: id, number: "", userID: UserID(id.uuid), kind: .standard,
                    items: [
                        OrderedItem(
                            productID: Self.room, quantity: rooms,
                            unitPrice: Self.euros(1_000), startsAt: startsAt),
                        OrderedItem(
                            productID: Self.breakfast, quantity: 1,
                            unitPrice: Self.euros(total - 1_000 * Int64(rooms))),
                    ], at: now)
                _ = try orders.insert(new, by: .customer(new.userID), in: transaction)
            }
        }
    }

    /// Calls an order off, if that can be.
    func cancel(_ order: Int) async throws {
        let id = id(order)
        try await insist(on: OrderModule.self) { module in
            let orders = module.orders
            do {
                _ = try await orders.database.write { transaction in
                    try orders.change(id, by: .customer(UserID(id.uuid)), in: transaction) {
                        try $0.cancel(because: .customer, fees: orders.policy.cancellationFees)
                    }
                }
            } catch OrderError.refused {}
        }
    }

    /// Tries to pay an order whose payment failed for a second time.
    func payAgain(_ order: Int) async throws {
        let id = id(order)
        try await insist(on: OrderModule.self) { module in
            let orders = module.orders
            do {
                _ = try await orders.database.write { transaction in
                    try orders.change(id, by: .customer(UserID(id.uuid)), in: transaction) {
                        if $0.order.attempt == 1 { try $0.retryPayment() }
                    }
                }
            } catch OrderError.refused {}
        }
    }

    /// Takes the money that is set aside for an order.
    func capture(_ order: Int) async throws {
        let payment = PaymentID(of: id(order))
        try await insist(on: PaymentModule.self) { module in
            let payments = module.payments
            do {
                let ending = try await payments.capture(payment, nil, if: nil)
                _ = try await payments.database.write { try ending($0) }
            } catch PaymentError.notAuthorized, PaymentError.notFound {}
        }
    }

    /// Ends an order's hold as though its time were over, whatever Product was told to add to it.
    func endHold(of order: Int) throws {
        let (id, now) = (id(order), simulation.now)
        try simulation.tamper(with: ProductModule.name) { transaction in
            for table in ["stock_holds", "stock_hold_lines"] as [SQL] {
                try transaction.execute(
                    """
                    UPDATE \(table) SET expires_at = \(now)
                    WHERE order_id = \(id) AND state = 'held'
                    """)
            }
        }
    }

    /// An order as it is on the disk.
    func order(_ order: Int) throws -> Order? {
        let id = id(order)
        return try simulation.read(OrderModule.name) { try OrderStore().find(id, in: $0) }
    }

    /// Waits until an order is as it should be, or for so long.
    func wait(
        for order: Int, upTo limit: Duration = .seconds(50),
        until isThere: (Order) -> Bool
    ) async throws {
        var waited = Duration.zero
        while try self.order(order).map({ !isThere($0) }) ?? true, waited < limit {
            try await simulation.wait(for: .milliseconds(50))
            waited += .milliseconds(50)
        }
    }

    /// Calls a module until it answers: a caller who was told nothing, or of a fault, asks again.
    private func insist<M: Module>(
        on type: M.Type, _ body: @Sendable (M) async throws -> Void
    ) async throws {
        while true {
            do {
                return try await simulation.call(type, body)
            } catch let refusal as any Refusal {
                throw refusal
            } catch {
                try Task.checkCancellation()
                try await simulation.wait(for: .milliseconds(50))
            }
        }
    }

    private static func euros(_ cents: Int64) -> Money {
        Money(amount: cents, currency: Currency(rawValue: "EUR")!)
    }
}

extension UUID {
    /// A UUIDv7 whose last digits are a number.
    static func numbered(_ number: UInt64) -> UUID {
        var bytes: [UInt8] = [0x01, 0x97, 0, 0, 0, 0, 0x70, 0]
        bytes += withUnsafeBytes(of: (number | 0x8000_0000_0000_0000).bigEndian) { Array($0) }
        return bytes.withUnsafeBytes { UUID(uuid: $0.loadUnaligned(as: uuid_t.self)) }
    }
}
