import EventBus
import Events
import Platform
import Settings
import Storage
import UserContract
import Web

struct WishlistModule: Module {
    static let name = "wishlist"
    static let migrations = [
        MigrationSet(
            component: "wishlist",
            migrations: [
                Migration(1, "create wishes") { dialect in
                    """
                    CREATE TABLE wishes (user_id \(dialect.uuid), wish TEXT) \(dialect.strict)
                    """
                }
            ])
    ]

    let database: Database

    init(settings: Settings, platform: Platform) { database = platform.database }

    var routes: [Route] {
        [
            .post("/api/v1/wishes", access: .authenticated) { [database] request in
                let user = try request.caller().userID
                let wish = try request.decode { $0.string("wish", length: 1...200) }
                try await database.write {
                    try $0.execute("INSERT INTO wishes VALUES (\(user), \(wish))")
                }
                return try .created(["wish": wish], at: "/api/v1/wishes")
            }
        ]
    }

    var subscriptions: [Subscription] {
        [
            Subscription(
                "wishlist.users",
                [
                    .on(UserDeleted.self) { event, _, transaction in
                        try transaction.execute(
                            "DELETE FROM wishes WHERE user_id = \(event.userID)")
                    }
                ])
        ]
    }
}
