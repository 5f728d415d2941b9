import EventBus
import Events
import FlotillaTesting
import Foundation
import Platform
import Settings
import Storage
import Synchronization

/// Money was put on an account: what the module of these tests hears.
struct Deposited: Event {
    static let type: EventType = "DepositedEventV1"
    static let topic: Topic = "bank.events"
    let account: String
    let amount: Int
    var key: String { account }
}

/// An account's sum changed: what the module of these tests says.
struct Booked: Event {
    static let type: EventType = "BookedEventV1"
    static let topic: Topic = "ledger.events"
    let account: String
    let sum: Int
    var key: String { account }
}

/// A small module: books deposits, tells what it booked, and reports big ones to the outside.
struct LedgerModule: Module {
    static let name = "ledger"
    static let publishes: [any Event.Type] = [Booked.self]
    static let migrations = [
        MigrationSet(
            component: "ledger",
            migrations: [
                Migration(1, "create bookings") { dialect in
                    """
                    CREATE TABLE bookings (
                        number \(dialect.identity), account TEXT NOT NULL, amount INTEGER NOT NULL
                    ) \(dialect.strict);
                    CREATE TABLE reports (account TEXT NOT NULL, amount INTEGER NOT NULL)
                    \(dialect.strict);
                    """
                }
            ])
    ]

    let outbox: Outbox
    /// What goes wrong on purpose, and what the world outside saw.
    let world = World()

    init(settings: Settings, platform: Platform) { outbox = platform.outbox }

    var subscriptions: [Subscription] {
        let (outbox, world) = (outbox, world)
        return [
            Subscription(
                "ledger.bookings",
                [
                    .on(Deposited.self) { event, delivery, transaction in
                        // Written before the failure, to see that the failure undoes it.
                        try transaction.execute(
                            """
                            INSERT INTO bookings (account, amount)
                            VALUES (\(event.account), \(event.amount))
                            """)
                        try world.failIfPlanned(event, at: "ledger.bookings")
                        let sum = try transaction.first(
                            """
                            SELECT SUM(amount) AS sum FROM bookings
                            WHERE account = \(event.account)
                            """)?.get("sum", as: Int.self)
                        try outbox.publish(
                            Booked(account: event.account, sum: sum ?? 0), in: transaction)
                        guard world.spoils(event.account) else { return }
                        // Its outcome is not looked at: an engine may tell of it much later.
                        try transaction.execute(
                            "INSERT INTO bookings (account, amount) VALUES ('spoiled', NULL)")
                    }
                ]),
            .effect(
                "ledger.reports", concurrency: 4, deadline: .milliseconds(200),
                [
                    .on(Deposited.self) { event, delivery in
                        try await world.report(event, id: delivery.id)
                        return { transaction in
                            if world.isStorageAway { throw World.away }
                            try transaction.execute(
                                """
                                INSERT INTO reports (account, amount)
                                VALUES (\(event.account), \(event.amount))
                                """)
                        }
                    }
                ]),
        ]
    }
}

/// The surroundings of the ledger, under a test's control.
final class World: Sendable {
    struct State {
        var failing: Set<String> = []
        var isFailurePermanent = false
        var hanging: Set<String> = []
        var spoiling: Set<String> = []
        var cancelling: Set<String> = []
        var isStorageAway = false
        var reports: [(id: EventID, event: Deposited)] = []
        var running = 0
        var runningMost = 0
    }

    private let state = Mutex(State())

    /// Makes handling of `consumer/account/amount` fail until told otherwise.
    func fail(_ plans: String..., permanently: Bool = false) {
        state.withLock {
            $0.failing = Set(plans)
            $0.isFailurePermanent = permanently
        }
    }

    /// Makes reports of an account throw a cancellation that nobody asked for.
    func cancel(_ account: String) { state.withLock { _ = $0.cancelling.insert(account) } }

    /// Makes the last statement of an account's bookings fail, after all has been done.
    func spoil(_ accounts: String...) { state.withLock { $0.spoiling = Set(accounts) } }

    func spoils(_ account: String) -> Bool { state.withLock { $0.spoiling.contains(account) } }

    /// Makes reports of an account never end by themselves.
    func hang(_ account: String) { state.withLock { _ = $0.hanging.insert(account) } }

    /// Makes the recording of reports fail as a storage does that is away.
    var isStorageAway: Bool {
        get { state.withLock { $0.isStorageAway } }
        set { state.withLock { $0.isStorageAway = newValue } }
    }

    static let away = StorageError(kind: .unavailable, code: "test", detail: "away")

    var reports: [Deposited] { state.withLock { $0.reports.map(\.event) } }
    var reportIDs: [EventID] { state.withLock { $0.reports.map(\.id) } }
    var runningMost: Int { state.withLock { $0.runningMost } }

    func failIfPlanned(_ event: Deposited, at consumer: String) throws {
        let (isFailing, isPermanent) = state.withLock {
            (
                $0.failing.contains("\(consumer)/\(event.account)/\(event.amount)"),
                $0.isFailurePermanent
            )
        }
        guard isFailing else { return }
        if isPermanent { throw Hopeless() }
        throw Unlucky()
    }

    func report(_ event: Deposited, id: EventID) async throws {
        let isHanging = state.withLock {
            $0.running += 1
            $0.runningMost = max($0.runningMost, $0.running)
            return $0.hanging.contains(event.account)
        }
        defer { state.withLock { $0.running -= 1 } }
        if state.withLock({ $0.cancelling.contains(event.account) }) { throw CancellationError() }
        if isHanging { try await Task.sleep(for: .seconds(3_600)) }
        await Task.yield()
        state.withLock { $0.reports.append((id, event)) }
        try failIfPlanned(event, at: "ledger.reports")
    }
}

struct Unlucky: Error {}
struct Hopeless: PermanentFailure {}

/// What the ledger holds.
extension ModuleHarness where M == LedgerModule {
    /// The booked amounts of an account, in the order of their booking.
    func bookings(of account: String) async throws -> [Int] {
        try await database.read { transaction in
            try transaction.rows(
                "SELECT amount FROM bookings WHERE account = \(account) ORDER BY number"
            ).map { try $0.get("amount") }
        }
    }

    func reportCount() async throws -> Int {
        try await database.read { transaction in
            try transaction.first("SELECT COUNT(*) AS n FROM reports")?.get("n") ?? 0
        }
    }
}
