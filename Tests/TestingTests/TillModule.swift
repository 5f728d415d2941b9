import EventBus
import Events
import FlotillaTesting
import Foundation
import Platform
import Settings
import Storage

/// Something was sold: what the module of these tests hears.
struct Sold: Event {
    static let type: EventType = "SoldEventV1"
    static let topic: Topic = "shop.events"
    let article: String
    let number: Int
    var key: String { article }
}

/// A receipt was printed: what it says.
struct Printed: Event {
    static let type: EventType = "PrintedEventV1"
    static let topic: Topic = "till.events"
    let article: String
    let number: Int
    var key: String { article }
}

/// Prints a receipt for everything sold, and never one for what is broken.
struct TillModule: Module {
    static let name = "till"
    static let publishes: [any Event.Type] = [Printed.self]
    static let migrations = [
        MigrationSet(
            component: "till",
            migrations: [
                Migration(1, "create receipts") { dialect in
                    """
                    CREATE TABLE receipts (
                        id \(dialect.identity), article TEXT NOT NULL, number INTEGER NOT NULL
                    ) \(dialect.strict);
                    """
                }
            ])
    ]

    struct Broken: PermanentFailure {}

    let outbox: Outbox

    init(settings: Settings, platform: Platform) { outbox = platform.outbox }

    var subscriptions: [Subscription] {
        let outbox = outbox
        return [
            Subscription(
                "till.receipts", replay: .rebuilt { try $0.execute("DELETE FROM receipts") },
                [
                    .on(Sold.self) { event, _, transaction in
                        if event.article == "broken" { throw Broken() }
                        try transaction.execute(
                            """
                            INSERT INTO receipts (article, number)
                            VALUES (\(event.article), \(event.number))
                            """)
                        try outbox.publish(
                            Printed(article: event.article, number: event.number),
                            in: transaction)
                    }
                ])
        ]
    }
}
