public import EventBus
public import Platform
public import Settings
public import Storage
public import Web

/// Finds users by words of their names and addresses.
public struct SearchModule: Module {
    /// Stable: its database and its consumer `search.user-index` are called by it.
    public static let name = "search"
    /// The indexed users and the words of their names and addresses.
    public static let migrations = [searchMigrations]

    let index = UserIndex()
    private let database: Database

    /// Takes the database; there is nothing to set.
    public init(settings: Settings, platform: Platform) { database = platform.database }

    /// `GET /api/v1/search/users`, for holders of `search:users`.
    public var routes: [Route] { SearchRoutes(database: database, index: index).all }

    /// Users who come, change and go, as `search.user-index`.
    public var subscriptions: [Subscription] { [userIndexSubscription] }
}
