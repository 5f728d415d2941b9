import EventBus
import Events
import FlotillaTesting
import Foundation
import Platform
import Settings
import Storage

/// What the teller says of an account: its turnover so far.
struct Turned: Event {
    static let type: EventType = "TurnedEventV1"
    static let topic: Topic = "teller.events"
    let account: String
    let number: Int
    var key: String { account }
}

/// What the clerk answers to each of them.
struct Noted: Event {
    static let type: EventType = "NotedEventV1"
    static let topic: Topic = "clerk.events"
    let account: String
    let number: Int
    var key: String { account }
}

/// Counts turnovers of accounts and says each, in the transaction that counts it.
struct TellerModule: Module {
    static let name = "teller"
    static let publishes: [any Event.Type] = [Turned.self]
    static let migrations = [
        MigrationSet(
            component: "teller",
            migrations: [
                Migration(1, "create accounts") { dialect in
                    """
                    CREATE TABLE turnovers (
                        account TEXT NOT NULL, number INTEGER NOT NULL,
                        PRIMARY KEY (account, number)
                    ) \(dialect.strict);
                    CREATE TABLE answers (
                        id \(dialect.identity), account TEXT NOT NULL, number INTEGER NOT NULL
                    ) \(dialect.strict);
                    """
                }
            ])
    ]

    struct Refused: Error {}

    let database: Database
    let outbox: Outbox

    init(settings: Settings, platform: Platform) {
        database = platform.database
        outbox = platform.outbox
    }

    /// Counts one turnover.
    ///
    /// - Parameter isRefused: whether the transaction is undone after all of it.
    func turn(_ account: String, isRefused: Bool = false, isLater: Bool = false, at now: Date)
        async throws
    {
        try await database.write { [outbox] transaction in
            let last = try transaction.first(
                "SELECT MAX(number) AS n FROM turnovers WHERE account = \(account)")?
                .get("n", as: Int?.self)
            let number = (last ?? 0) + 1
            try transaction.execute(
                "INSERT INTO turnovers (account, number) VALUES (\(account), \(number))")
            let event = Turned(account: account, number: number)
            if isLater {
                try outbox.publish(event, at: now + 1, in: transaction)
            } else {
                try outbox.publish(event, in: transaction)
            }
            if isRefused { throw Refused() }
        }
    }

    var subscriptions: [Subscription] {
        [
            Subscription(
                "teller.answers",
                [
                    .on(Noted.self) { event, _, transaction in
                        try transaction.execute(
                            """
                            INSERT INTO answers (account, number)
                            VALUES (\(event.account), \(event.number))
                            """)
                    }
                ])
        ]
    }
}

/// Notes every turnover, answers it, and posts a letter of it; is now and then unwell.
struct ClerkModule: Module {
    static let name = "clerk"
    static let publishes: [any Event.Type] = [Noted.self]
    static let migrations = [
        MigrationSet(
            component: "clerk",
            migrations: [
                Migration(1, "create notes") { dialect in
                    """
                    CREATE TABLE notes (
                        id \(dialect.identity), account TEXT NOT NULL, number INTEGER NOT NULL
                    ) \(dialect.strict);
                    CREATE TABLE letters (
                        id \(dialect.identity), account TEXT NOT NULL, number INTEGER NOT NULL
                    ) \(dialect.strict);
                    """
                }
            ])
    ]

    struct Unwell: Error {}
    struct Illegible: PermanentFailure {}

    let outbox: Outbox

    init(settings: Settings, platform: Platform) { outbox = platform.outbox }

    var subscriptions: [Subscription] {
        let outbox = outbox
        return [
            Subscription(
                "clerk.notes", replay: .rebuilt { try $0.execute("DELETE FROM notes") },
                [
                    .on(Turned.self) { event, delivery, transaction in
                        try transaction.execute(
                            """
                            INSERT INTO notes (account, number)
                            VALUES (\(event.account), \(event.number))
                            """)
                        // Fails twice for each third, and for ever for some.
                        if event.account == "cursed", event.number == 2 { throw Illegible() }
                        if event.account == "hopeless", event.number == 3 { throw Unwell() }
                        if event.number % 3 == 0, delivery.attempt < 3 { throw Unwell() }
                        try outbox.publish(
                            Noted(account: event.account, number: event.number), in: transaction)
                    }
                ]),
            .effect(
                "clerk.letters", concurrency: 3, deadline: .seconds(5),
                [
                    .on(Turned.self) { event, delivery in
                        if event.number % 4 == 0, delivery.attempt < 2 { throw Unwell() }
                        return { transaction in
                            try transaction.execute(
                                """
                                INSERT INTO letters (account, number)
                                VALUES (\(event.account), \(event.number))
                                """)
                        }
                    }
                ]),
        ]
    }
}
