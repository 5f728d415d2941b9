import EventBus
import Events
import Foundation
import Logging
import ServiceLifecycle
import Storage
import Synchronization
import UserContract
import Web

/// Tells a process which access tokens are no longer taken: by what User publishes, without asking
/// User.
///
/// Each module that answers callers hears it once for all processes that run the module, so what
/// was heard is kept in its database, and every process looks there.
final class EndedAccessFeed: Service {
    /// How often a process looks for what others have heard.
    private static let interval = Duration.seconds(1)
    /// Clocks of processes may differ by this much.
    private static let overlapSeconds = 10.0

    let access: EndedAccess
    /// Any of the process's modules: each hears the same.
    let database: Database?
    let now: @Sendable () -> Date
    private let state = Mutex(State())

    private struct State {
        /// From when on to look.
        var since = Date.distantPast
        /// Whether the last look failed; that is told once.
        var isBlind = false
    }

    init(
        access: EndedAccess, database: Database?, now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.access = access
        self.database = database
        self.now = now
    }

    /// The table, in the database of each module that answers callers. `has_ended` is true: only
    /// processes of an earlier version, which may run beside this one, write what was lifted.
    static let migrations = MigrationSet(
        component: "ended-access",
        migrations: [
            Migration(1, "keep whose access has ended") { dialect in
                """
                CREATE TABLE ended_access (
                    kind TEXT NOT NULL CHECK (kind IN ('session', 'user')),
                    subject TEXT NOT NULL,
                    has_ended \(dialect.boolean) NOT NULL,
                    changed_at \(dialect.timestamp) NOT NULL,
                    PRIMARY KEY (kind, subject)
                ) \(dialect.strict);
                CREATE INDEX ended_access_change ON ended_access (changed_at);
                """
            }
        ])

    /// What a module hears of it: ends that nothing undoes, so that it does not matter which module
    /// hears them when. A suspension, which can be lifted, ends sessions by name.
    static func subscription(
        of module: String, access: EndedAccess, now: @escaping @Sendable () -> Date = { Date() }
    ) -> Subscription {
        Subscription(
            "\(module).ended-access", replay: .repeated,
            [
                .on(UserSessionsEnded.self) { event, _, transaction in
                    for id in event.sessionIDs {
                        try note(.session(id), access, at: now(), in: transaction)
                    }
                },
                .on(APIKeyRevoked.self) { event, _, transaction in
                    // A service's tokens are about the key.
                    try note(
                        .user(UserID(event.keyID.uuid)), access, at: now(), in: transaction)
                },
                .on(UserDeleted.self) { event, _, transaction in
                    try note(.user(event.userID), access, at: now(), in: transaction)
                },
            ])
    }

    /// Looks until shutdown; a database that is away is looked at again.
    func run() async throws {
        guard database != nil else { return try await gracefulShutdown() }
        await cancelWhenGracefulShutdown {
            // The sleep is cut short at the end: then nobody looks any more.
            while (try? await Task.sleep(for: Self.interval)) != nil { await self.look() }
        }
    }

    /// Takes over what others have heard since the last look; before the first request, too, for
    /// what ended before this process began.
    func look() async {
        guard let database else { return }
        do {
            let next = try await look(in: database, since: state.withLock(\.since))
            state.withLock { $0 = State(since: next) }
        } catch {
            let isNews = state.withLock { state in
                defer { state.isBlind = true }
                return !state.isBlind
            }
            guard isNews else { return }
            Logger(label: "flotilla.app").warning(
                "whose access has ended can't be read", error: error,
                metadata: ["module": "app"])
        }
    }

    /// Takes over what was noted since, and drops what is too old to matter.
    ///
    /// - Returns: from when on to look next time.
    func look(in database: Database, since: Date) async throws -> Date {
        let start = now()
        let oldest = start - Double(EndedAccess.retention.components.seconds)
        let rows = try await database.read { transaction in
            try transaction.rows(
                """
                SELECT kind, subject, changed_at FROM ended_access
                WHERE has_ended AND changed_at >= \(max(since, oldest))
                """
            ).map { row in
                (
                    kind: try row.get("kind", as: String.self),
                    subject: try row.get("subject", as: String.self),
                    changedAt: try row.get("changed_at", as: Date.self)
                )
            }
        }
        for row in rows {
            guard let subject = EndedAccess.Subject(kind: row.kind, text: row.subject) else {
                continue
            }
            access.end(subject, at: row.changedAt)
        }
        return start - Self.overlapSeconds
    }

    private static func note(
        _ subject: EndedAccess.Subject, _ access: EndedAccess, at now: Date,
        in transaction: Transaction
    ) throws {
        let now = now.wholeMilliseconds
        try transaction.execute(
            """
            DELETE FROM ended_access WHERE changed_at
                < \(now - 2 * Double(EndedAccess.retention.components.seconds))
            """)
        try transaction.execute(
            """
            INSERT INTO ended_access (kind, subject, has_ended, changed_at)
            VALUES (\(subject.kind), \(subject.text), \(true), \(now))
            ON CONFLICT (kind, subject)
                DO UPDATE SET has_ended = excluded.has_ended, changed_at = excluded.changed_at
            """)
        // It may be told too early, and again, but never wrongly: the event is a fact.
        access.end(subject, at: now)
    }
}

extension EndedAccess.Subject {
    fileprivate init?(kind: String, text: String) {
        switch kind {
        case "session": self = .session(text)
        default:
            guard let user = UserID(text) else { return nil }
            self = .user(user)
        }
    }

    fileprivate var kind: String {
        switch self {
        case .session: "session"
        case .user: "user"
        }
    }

    fileprivate var text: String {
        switch self {
        case .session(let id): id
        case .user(let id): id.description
        }
    }
}
