import EventBus
import Events
import FlotillaTesting
import Foundation
import Platform
import Settings
import Storage
import Synchronization

/// Keeps sums of accounts: a projection that can be rebuilt, one that bears repeats, one that
/// refuses them, and an effect.
struct ArchiveModule: Module {
    static let name = "archive"
    static let publishes: [any Event.Type] = [Booked.self]
    static let migrations = [
        MigrationSet(
            component: "archive",
            migrations: [
                Migration(1, "create sums") { dialect in
                    """
                    CREATE TABLE sums (account TEXT PRIMARY KEY, sum INTEGER NOT NULL)
                    \(dialect.strict);
                    CREATE TABLE seen (
                        event TEXT NOT NULL, is_replay \(dialect.boolean) NOT NULL
                    ) \(dialect.strict);
                    CREATE TABLE sent (event TEXT NOT NULL) \(dialect.strict);
                    """
                }
            ])
    ]

    let outbox: Outbox
    let world = Trouble()

    init(settings: Settings, platform: Platform) { outbox = platform.outbox }

    /// What goes wrong on purpose, and what the world outside saw.
    final class Trouble: Sendable {
        typealias Interlude = @Sendable () async throws -> Void

        private let state = Mutex((isPlanned: false, interludes: [Interlude](), sent: [Int]()))

        /// Whether the deposit of 13 can't be handled.
        func plan(_ isPlanned: Bool) { state.withLock { $0.isPlanned = isPlanned } }
        func isPlanned() -> Bool { state.withLock { $0.isPlanned } }

        /// Has something happen while each of the next letters is under way.
        func meanwhile(count: Int = 1, _ interlude: @escaping Interlude) {
            state.withLock { $0.interludes = Array(repeating: interlude, count: count) }
        }

        /// The amounts of all letters that were begun.
        var sent: [Int] { state.withLock { $0.sent } }

        func send(_ event: Deposited) async throws {
            let interlude = state.withLock { state in
                state.sent.append(event.amount)
                return state.interludes.popLast()
            }
            try await interlude?()
        }
    }

    var subscriptions: [Subscription] {
        let (outbox, world) = (outbox, world)
        return [
            Subscription(
                "archive.sums", replay: .rebuilt { try $0.execute("DELETE FROM sums") },
                [
                    .on(Deposited.self) { event, _, transaction in
                        if event.amount == 13, world.isPlanned() { throw Hopeless() }
                        try transaction.execute(
                            """
                            INSERT INTO sums (account, sum)
                            VALUES (\(event.account), \(event.amount))
                            ON CONFLICT (account) DO UPDATE SET sum = sums.sum + excluded.sum
                            """)
                        try outbox.publish(
                            Booked(account: event.account, sum: event.amount), in: transaction)
                    }
                ]),
            Subscription(
                "archive.seen", replay: .repeated,
                [
                    .on(Deposited.self) { _, delivery, transaction in
                        try transaction.execute(
                            """
                            INSERT INTO seen (event, is_replay)
                            VALUES (\(delivery.id), \(delivery.isReplay))
                            """)
                    }
                ]),
            Subscription("archive.once", [.on(Deposited.self) { _, _, _ in }]),
            Subscription("archive.news", from: .now, [.on(Deposited.self) { _, _, _ in }]),
            .effect(
                "archive.letters", retry: RetryPolicy(attemptCountMax: 1),
                [
                    .on(Deposited.self) { event, delivery in
                        try await world.send(event)
                        if event.amount == 13, !delivery.isReplay, world.isPlanned() {
                            throw Unlucky()
                        }
                        return {
                            try $0.execute("INSERT INTO sent (event) VALUES (\(delivery.id))")
                        }
                    }
                ]),
        ]
    }
}

extension ModuleHarness where M == ArchiveModule {
    /// An archive that has heard of 150 deposits, a second apart, of 1 to 150 on seven accounts.
    static func archive(
        isTroubled: Bool = false, bus: BusSettings = BusSettings()
    ) async throws -> (ModuleHarness, [EventID]) {
        let harness = try await ModuleHarness(ArchiveModule.self, bus: bus)
        harness.module.world.plan(isTroubled)
        var ids: [EventID] = []
        for amount in 1...150 {
            ids.append(
                try await harness.publish(
                    Deposited(account: "account \(amount % 7)", amount: amount)))
            harness.time.advance(by: .seconds(1))
        }
        try await harness.settle()
        return (harness, ids)
    }

    func sums() async throws -> [String: Int] {
        try await database.read { transaction in
            try transaction.rows("SELECT account, sum FROM sums").reduce(into: [:]) {
                $0[try $1.get("account")] = try $1.get("sum", as: Int.self)
            }
        }
    }

    func count(of table: String, where condition: String = "1 = 1") async throws -> Int {
        try await database.read { transaction in
            try transaction.first(
                SQL(text: "SELECT COUNT(*) AS n FROM \(table) WHERE \(condition)"))?.get("n") ?? 0
        }
    }
}
