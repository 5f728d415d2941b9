public import EventBus
public import Platform
public import Settings
public import Storage
public import Web

/// Finds users by words of their names and addresses.
public struct SearchModule: Module {
    public static let name = "search"
    public static let migrations = [searchMigrations]

    let index = UserIndex()
    private let database: Database

    public init(settings: Settings, platform: Platform) { database = platform.database }

    public var routes: [Route] { SearchRoutes(database: database, index: index).all }

    public var subscriptions: [Subscription] { [userIndexSubscription] }
}
