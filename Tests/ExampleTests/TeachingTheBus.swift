// Length: every example of docs/guides/bus.md stands here, so that it compiles and runs.

import EventBus
import Events
import FlotillaTesting
import Foundation
import Platform
import Settings
import Storage
import Synchronization
import Testing

// MARK: - What the examples are about

/// Pieces of an item were put on stock.
struct GoodsReceived: Event {
    static let type: EventType = "GoodsReceivedEventV1"
    static let topic: Topic = "stock.events"
    let item: String
    let pieces: Int
    var key: String { item }
}

/// Nobody bought what was put aside; it is for everyone again.
struct ReservationExpired: Event {
    static let type: EventType = "ReservationExpiredEventV1"
    static let topic: Topic = "stock.events"
    let item: String
    let pieces: Int
    var key: String { item }
}

struct StockModule: Module {
    static let name = "stock"
    static let publishes: [any Event.Type] = [GoodsReceived.self, ReservationExpired.self]
    static let migrations = [
        MigrationSet(
            component: "stock",
            migrations: [
                Migration(1, "create stock") { dialect in
                    """
                    CREATE TABLE stock (
                        item TEXT NOT NULL, pieces INTEGER NOT NULL, PRIMARY KEY (item)
                    ) \(dialect.strict)
                    """
                }
            ])
    ]

    let database: Database
    let outbox: Outbox

    init(settings: Settings, platform: Platform) {
        database = platform.database
        outbox = platform.outbox
    }

    var subscriptions: [Subscription] { [expiry] }
}

extension StockModule {
    /// Puts pieces on stock and says so: both happen, or neither.
    func receive(_ pieces: Int, of item: String) async throws {
        try await database.write { [outbox] transaction in
            try transaction.execute(
                """
                INSERT INTO stock (item, pieces) VALUES (\(item), \(pieces))
                ON CONFLICT (item) DO UPDATE SET pieces = stock.pieces + excluded.pieces
                """)
            try outbox.publish(GoodsReceived(item: item, pieces: pieces), in: transaction)
        }
    }
}

extension StockModule {
    /// Puts pieces aside until a time.
    func reserve(_ pieces: Int, of item: String, until end: Date) async throws {
        try await database.write { [outbox] transaction in
            try transaction.execute(
                "UPDATE stock SET pieces = pieces - \(pieces) WHERE item = \(item)")
            try outbox.publish(
                ReservationExpired(item: item, pieces: pieces), at: end, in: transaction)
        }
    }

    /// Puts them back when that time has come.
    var expiry: Subscription {
        Subscription(
            "stock.expiry",
            [
                .on(ReservationExpired.self) { event, _, transaction in
                    try transaction.execute(
                        """
                        UPDATE stock SET pieces = pieces + \(event.pieces)
                        WHERE item = \(event.item)
                        """)
                }
            ])
    }
}

struct ShopModule: Module {
    static let name = "shop"
    static let migrations = [
        MigrationSet(
            component: "shop",
            migrations: [
                Migration(1, "create shelf") { dialect in
                    """
                    CREATE TABLE shelf (
                        item TEXT NOT NULL, pieces INTEGER NOT NULL, PRIMARY KEY (item)
                    ) \(dialect.strict);
                    CREATE TABLE prices (
                        item TEXT NOT NULL, cents INTEGER NOT NULL, currency TEXT NOT NULL,
                        PRIMARY KEY (item)
                    ) \(dialect.strict);
                    CREATE TABLE confirmations (item TEXT NOT NULL, receipt TEXT NOT NULL)
                    \(dialect.strict);
                    """
                }
            ])
    ]

    let supplier = Supplier()

    init(settings: Settings, platform: Platform) {}

    var subscriptions: [Subscription] { [shelf, confirmations, prices] }
}

extension ShopModule {
    /// What customers see.
    var shelf: Subscription {
        Subscription(
            "shop.shelf", replay: .rebuilt { try $0.execute("DELETE FROM shelf") },
            [
                .on(GoodsReceived.self) { event, _, transaction in
                    guard event.pieces > 0 else { throw EmptyDelivery(item: event.item) }
                    try transaction.execute(
                        """
                        INSERT INTO shelf (item, pieces) VALUES (\(event.item), \(event.pieces))
                        ON CONFLICT (item) DO UPDATE
                        SET pieces = shelf.pieces + excluded.pieces
                        """)
                }
            ])
    }
}

/// A delivery of nothing; no later try will find more in it.
struct EmptyDelivery: PermanentFailure {
    let item: String
}

/// The supplier takes no calls for a while, and says how long.
struct SupplierBusy: DelayedFailure {
    let retryAfter: Duration
}

extension ShopModule {
    /// Confirms to the supplier, over a network, what was received.
    var confirmations: Subscription {
        let supplier = supplier
        return .effect(
            "shop.confirmations", concurrency: 4, deadline: .seconds(10),
            retry: RetryPolicy(
                attemptCountMax: 30, initialDelay: .seconds(1), delayMax: .seconds(300)),
            [
                .on(GoodsReceived.self) { event, delivery in
                    let receipt = try await supplier.confirm(
                        event.pieces, of: event.item, idempotencyKey: delivery.id)
                    return { transaction in
                        try transaction.execute(
                            """
                            INSERT INTO confirmations (item, receipt)
                            VALUES (\(event.item), \(receipt))
                            """)
                    }
                }
            ])
    }
}

/// The price of an item was set, in euros.
struct PriceSetV1: Event {
    static let type: EventType = "PriceSetEventV1"
    static let topic: Topic = "price.events"
    let item: String
    let cents: Int
    var key: String { item }
}

/// The price of an item was set.
struct PriceSet: Event {
    static let type: EventType = "PriceSetEventV2"
    static let topic: Topic = "price.events"
    static var upcasters: [Upcaster] {
        [
            upcast(from: PriceSetV1.self) { old in
                PriceSet(item: old.item, cents: old.cents, currency: "EUR")
            }
        ]
    }
    let item: String
    let cents: Int
    let currency: String
    var key: String { item }
}

extension ShopModule {
    /// What customers pay; hears both versions.
    var prices: Subscription {
        Subscription(
            "shop.prices", replay: .repeated,
            [
                .on(PriceSet.self) { event, _, transaction in
                    try transaction.execute(
                        """
                        INSERT INTO prices (item, cents, currency)
                        VALUES (\(event.item), \(event.cents), \(event.currency))
                        ON CONFLICT (item) DO UPDATE
                        SET cents = excluded.cents, currency = excluded.currency
                        """)
                }
            ])
    }
}

/// The world outside: takes each idempotency key once and gives the same receipt again.
final class Supplier: Sendable {
    private struct State {
        var receipts: [EventID: String] = [:]
        var trouble: [String: any Error] = [:]
    }

    private let state = Mutex(State())

    /// Makes calls about an item fail until told otherwise.
    func fail(_ item: String, with error: (any Error)?) {
        state.withLock { $0.trouble[item] = error }
    }

    var receiptCount: Int { state.withLock { $0.receipts.count } }

    func confirm(
        _ pieces: Int, of item: String, idempotencyKey: EventID
    ) async throws -> String {
        try state.withLock { state in
            if let error = state.trouble[item] { throw error }
            let receipt = state.receipts[idempotencyKey] ?? "\(item) \(pieces)"
            state.receipts[idempotencyKey] = receipt
            return receipt
        }
    }
}

// MARK: - The examples at work

@Suite struct `Teaching the bus` {
    @Test func `shows nothing that is not here to the letter`() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let guide = try String(
            contentsOf: root.appending(path: "docs/guides/bus.md"), encoding: .utf8)
        let source = try String(contentsOf: URL(filePath: #filePath), encoding: .utf8)
        let blocks = guide.components(separatedBy: "```swift\n").dropFirst()
            .map { $0.components(separatedBy: "```")[0] }
        #expect(blocks.count >= 10)
        for block in blocks {
            #expect(source.contains("\n" + block), "the guide shows what is not in this file")
        }
    }

    @Test func `says an event if and only if its transaction commits`() async throws {
        let stock = try await ModuleHarness(StockModule.self)
        try await stock.module.receive(3, of: "kite")
        #expect(try await stock.published(GoodsReceived.self).map(\.pieces) == [3])
        let (outbox, huge) = (
            stock.module.outbox, String(repeating: "x", count: Outbox.payloadByteCountMax)
        )
        await #expect(throws: OutboxError.self) {
            try await stock.database.write { transaction in
                try outbox.publish(GoodsReceived(item: "kite", pieces: 4), in: transaction)
                try outbox.publish(GoodsReceived(item: huge, pieces: 5), in: transaction)
            }
        }
        #expect(try await stock.published(GoodsReceived.self).map(\.pieces) == [3])
    }

    @Test func `lets a scheduled event go when it is due`() async throws {
        let stock = try await ModuleHarness(StockModule.self)
        try await stock.module.receive(5, of: "kite")
        try await stock.module.reserve(2, of: "kite", until: stock.time.now + 900)
        stock.time.advance(by: .seconds(899))
        try await stock.settle()
        #expect(try await pieces(of: "kite", on: "stock", in: stock.database) == 3)
        stock.time.advance(by: .seconds(1))
        try await stock.settle()
        #expect(try await pieces(of: "kite", on: "stock", in: stock.database) == 5)
    }

    @Test func `hears an older version as the newer one`() async throws {
        let shop = try await ModuleHarness(ShopModule.self)
        try await shop.publish(PriceSetV1(item: "kite", cents: 500))
        try await shop.publish(PriceSet(item: "drum", cents: 900, currency: "CHF"))
        try await shop.settle()
        let currencies = try await shop.database.read { transaction in
            try transaction.rows("SELECT currency FROM prices ORDER BY item")
                .map { try $0.get("currency", as: String.self) }
        }
        #expect(currencies == ["CHF", "EUR"])
    }
}

@Suite struct `Filling the shelf` {
    @Test func `counts a delivery once, however often it comes`() async throws {
        let shop = try await ModuleHarness(ShopModule.self)
        try await shop.publish(GoodsReceived(item: "kite", pieces: 3))
        try await shop.settle()
        try await shop.redeliverEverything()
        #expect(try await pieces(of: "kite", on: "shelf", in: shop.database) == 3)
    }
}

@Suite struct `Confirming to a busy supplier` {
    @Test func `holds up the item that failed, and no other`() async throws {
        let shop = try await ModuleHarness(ShopModule.self)
        let supplier = shop.module.supplier
        supplier.fail("kite", with: SupplierBusy(retryAfter: .seconds(60)))
        try await shop.publish(GoodsReceived(item: "kite", pieces: 1))
        try await shop.publish(GoodsReceived(item: "kite", pieces: 2))
        try await shop.publish(GoodsReceived(item: "drum", pieces: 3))
        try await shop.settle()
        let parked = try await shop.parked(at: "shop.confirmations")
        #expect(parked.map(\.key) == ["kite", "kite"])
        #expect(parked.map(\.state) == ["retrying", "waiting"])
        #expect(supplier.receiptCount == 1)

        supplier.fail("kite", with: nil)
        shop.time.advance(by: .seconds(60))
        try await shop.settle()
        #expect(try await shop.parked(at: "shop.confirmations").isEmpty)
        #expect(supplier.receiptCount == 3)
    }
}

@Suite struct `Losing the shop's process` {
    @Test func `neither loses nor doubles a delivery`() async throws {
        try await Simulation.run([StockModule.self, ShopModule.self], seed: 7) { simulation in
            simulation.plan(.crash, at: .beforeCommit, of: "shop", afterPassing: 1)
            simulation.plan(.crash, at: .afterCommit, of: "shop", afterPassing: 1)
            try await simulation.publish(GoodsReceived(item: "kite", pieces: 3))
            try await simulation.publish(GoodsReceived(item: "kite", pieces: 4))
            try await simulation.settle()
            #expect(try pieces(of: "kite", in: simulation) == 7)
        }
    }

    @Test func `neither loses nor doubles any, whatever goes wrong`() async throws {
        try await Simulation.forSeeds(50, within: .seconds(20)) { seed in
            var options = Simulation.Options()
            options.processCount = 2
            options.accidents = Accidents(probability: 0.02)
            // So many that crashes alone make no dead letter.
            options.retry.attemptCountMax = 100
            try await Simulation.run(
                [StockModule.self, ShopModule.self], seed: seed, options: options
            ) { simulation in
                for pieces in 1...5 {
                    try await simulation.publish(GoodsReceived(item: "kite", pieces: pieces))
                }
                try await simulation.settle()
                #expect(try pieces(of: "kite", in: simulation) == 15, "seed \(seed)")
            }
        }
    }
}

@Suite struct `Mending an empty delivery` {
    @Test func `edits the payload and has it tried again`() async throws {
        let shop = try await ModuleHarness(ShopModule.self)
        try await shop.publish(GoodsReceived(item: "kite", pieces: 0))
        try await shop.publish(GoodsReceived(item: "kite", pieces: 4))
        try await shop.settle()
        let dead = try await shop.deadLetters.list()
        #expect(dead.map(\.consumer) == ["shop.shelf"])
        #expect(dead.map(\.waitingCount) == [1])

        let edited = Data(#"{"item": "kite", "pieces": 3}"#.utf8)
        for letter in dead {
            try await shop.deadLetters.retry(letter.id, payload: edited, by: "ada")
        }
        try await shop.settle()
        #expect(try await pieces(of: "kite", on: "shelf", in: shop.database) == 7)
    }
}

@Suite struct `Building the shelf anew` {
    @Test func `mends what should not be there`() async throws {
        let shop = try await ModuleHarness(ShopModule.self)
        try await shop.publish(GoodsReceived(item: "kite", pieces: 3))
        try await shop.settle()
        try await shop.database.write { try $0.execute("UPDATE shelf SET pieces = 1000") }

        try await shop.replays.request(of: "shop.shelf", by: "ada")
        try await shop.settle()
        #expect(try await pieces(of: "kite", on: "shelf", in: shop.database) == 3)
    }
}

/// What a module's own database says of an item.
private func pieces(
    of item: String, on table: SQL, in database: Database
) async throws -> Int? {
    try await database.read { transaction in
        try transaction.first("SELECT pieces FROM \(table) WHERE item = \(item)")?
            .get("pieces", as: Int.self)
    }
}

/// What the shelf of a simulated shop says of an item.
private func pieces(of item: String, in simulation: Simulation) throws -> Int? {
    try simulation.read("shop") { transaction in
        try transaction.first("SELECT pieces FROM shelf WHERE item = \(item)")?
            .get("pieces", as: Int.self)
    }
}
