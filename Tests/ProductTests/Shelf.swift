import EventBus
import Events
import FlotillaTesting
import Foundation
import Platform
import Storage
import Testing

@testable import Product

/// A shop's shelves in a database of their own, without the bus around them.
struct Shelf: Sendable {
    let database: Database
    let time: TestTime
    let stock: Stock
    private let directory: TemporaryDirectory?
    private let url: StorageURL?

    init(on engine: StorageEngine = .preferred) async throws {
        let directory = try TemporaryDirectory()
        let url = try await engine.makeURL(in: directory)
        self.directory = directory
        self.url = url
        time = TestTime()
        database = try Database(module: ProductModule.name, at: url)
        for set in [Bus.migrations] + ProductModule.migrations { try await database.migrate(set) }
        stock = Self.stock(in: database, time)
    }

    /// The shelves of a module that runs.
    init(of harness: ModuleHarness<ProductModule>) {
        (directory, url) = (nil, nil)
        time = harness.time
        database = harness.database
        stock = Self.stock(in: harness.database, harness.time)
    }

    /// The same shelves as another process has them.
    func another() throws -> Stock {
        let url = try #require(url)
        return Self.stock(in: try Database(module: ProductModule.name, at: url), time)
    }

    private static func stock(in database: Database, _ time: TestTime) -> Stock {
        Stock(
            platform: Platform(
                module: ProductModule.name, database: database,
                outbox: .unheard(module: ProductModule.name), now: { time.now }))
    }

    /// Puts a variant on sale, of a product of its own.
    func put(
        _ sku: String, onHand: Int, overbookingPercent: Int = 0, customerMax: Int? = nil,
        quantities: ClosedRange<Int> = 1...999, isActive: Bool = true, status: String = "active",
        startsAt: Date? = nil, prices: [(Int64, String)] = [], of product: ProductID = ProductID()
    ) async throws -> VariantID {
        let (variant, now) = (VariantID(), time.now)
        try await database.write { transaction in
            try transaction.execute(
                """
                INSERT INTO products (
                    id, kind, status, name, description, search_text, version, created_at,
                    updated_at)
                VALUES (\(product), 'activity', \(status), \(sku), '', '', 1, \(now), \(now))
                ON CONFLICT DO NOTHING
                """)
            try transaction.execute(
                """
                INSERT INTO variants (
                    id, product_id, place, sku, name, is_active, starts_at, quantity_min,
                    quantity_max)
                VALUES (\(variant), \(product), 0, \(sku), \(sku), \(isActive), \(startsAt),
                    \(quantities.lowerBound), \(quantities.upperBound))
                """)
            for (place, (amount, currency)) in prices.enumerated() {
                try transaction.execute(
                    """
                    INSERT INTO variant_prices (variant_id, currency, place, amount)
                    VALUES (\(variant), \(currency), \(place), \(amount))
                    """)
            }
            try stock.create(
                variant, of: product, sku: sku, onHand: onHand,
                overbookingPercent: overbookingPercent, customerMax: customerMax, at: now,
                in: transaction)
        }
        return variant
    }

    func level(of variant: VariantID) async throws -> StockLevel {
        try await stock.level(of: variant)
    }

    func state(of order: OrderID) async throws -> StockHold.State? {
        try await database.read { try stock.holds.find(order, in: $0)?.state }
    }

    /// What must be true at any time: levels are the sums of their ledger and of the holds, and
    /// nothing is sold that is not there.
    func check(_ place: SourceLocation = #_sourceLocation) async throws {
        let rows = try await database.read { transaction in
            try transaction.rows(
                """
                SELECT l.*,
                    (SELECT COALESCE(SUM(m.on_hand), 0) FROM stock_movements m
                        WHERE m.variant_id = l.variant_id) AS moved_on_hand,
                    (SELECT COALESCE(SUM(m.allocated), 0) FROM stock_movements m
                        WHERE m.variant_id = l.variant_id) AS moved_allocated,
                    (SELECT COALESCE(SUM(m.reserved), 0) FROM stock_movements m
                        WHERE m.variant_id = l.variant_id) AS moved_reserved,
                    (SELECT COALESCE(SUM(h.quantity), 0) FROM stock_hold_lines h
                        WHERE h.variant_id = l.variant_id AND h.state = 'held') AS held,
                    (SELECT COALESCE(SUM(h.quantity), 0) FROM stock_hold_lines h
                        WHERE h.variant_id = l.variant_id AND h.state = 'converted') AS converted,
                    (SELECT COUNT(*) FROM stock_hold_lines h JOIN stock_holds o
                        ON o.order_id = h.order_id
                        WHERE o.state <> h.state OR o.expires_at <> h.expires_at) AS astray
                FROM stock_levels l
                """)
        }
        for row in rows {
            let (onHand, allocated, reserved): (Int, Int, Int) = (
                try row.get("on_hand"), try row.get("allocated"), try row.get("reserved")
            )
            let percent: Int = try row.get("overbooking_percent")
            let capacity = onHand + onHand * percent / 100
            #expect(try row.get("moved_on_hand") == onHand, sourceLocation: place)
            #expect(try row.get("moved_allocated") == allocated, sourceLocation: place)
            #expect(try row.get("moved_reserved") == reserved, sourceLocation: place)
            #expect(try row.get("held") == reserved, sourceLocation: place)
            #expect(try row.get("converted") == allocated, sourceLocation: place)
            #expect(try row.get("astray") == 0, sourceLocation: place)
            #expect(allocated + reserved <= capacity, sourceLocation: place)
            #expect(
                try row.get("is_out") == (capacity - allocated - reserved <= 0),
                sourceLocation: place)
        }
    }
}

extension Stock {
    /// Holds in a transaction of its own, as often as it takes, and says whether there was enough.
    func tryHold(
        _ lines: [StockDemand], as order: OrderID = OrderID(), for user: UserID = UserID(),
        lasting duration: Duration = .seconds(600), isolation: Isolation = .snapshot
    ) async throws -> Bool {
        while true {
            do {
                return try await database.write(isolation: isolation) { transaction in
                    try hold(order, for: user, lines, lasting: duration, in: transaction)
                    return try holds.find(order, in: transaction)?.state == .held
                }
            } catch let error as StorageError where error.isTransient {
                continue
            }
        }
    }

    /// Does what an order's event makes of its hold, as often as it takes.
    func tryWrite(_ body: @escaping @Sendable (Transaction) throws -> Void) async throws {
        while true {
            do {
                return try await database.write(body)
            } catch let error as StorageError where error.isTransient {
                continue
            }
        }
    }
}

extension Money {
    /// So many cents of a euro.
    static func cents(_ amount: Int64) -> Money {
        Money(amount: amount, currency: Currency(rawValue: "EUR")!)
    }
}
