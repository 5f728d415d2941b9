public import EventBus
public import Events
public import Platform
import ProductContract
public import ServiceLifecycle
public import Settings
public import Storage
public import Web

/// What is sold: the catalogue, how many pieces there are, what they cost, and what somebody may
/// like.
public struct ProductModule: Module {
    /// Stable: its database, `product.events` and its consumers are called by it.
    public static let name = "product"
    /// What each of its parts reads.
    public static let settings: [any DeclaredSetting] = parts.flatMap { $0.settings }
    /// What changes in the catalogue, in the stock, and what somebody was told a price of.
    public static let publishes: [any Event.Type] = [
        ProductCreated.self, ProductUpdated.self, ProductDeleted.self, ProductPriceChanged.self,
        ProductStockChanged.self, ProductOutOfStock.self, ProductBackInStock.self,
        StockHeld.self, StockRefused.self, StockAllocated.self, StockReleased.self,
        StockHoldDue.self, QuoteGiven.self,
    ]
    /// What each of its parts remembers, and the keys of repeatable requests.
    public static let migrations = parts.flatMap { $0.migrations } + [Idempotency.migrations]

    private static let parts: [any ProductPart.Type] = [
        CataloguePart.self, InventoryPart.self, PricingPart.self, RecommendationsPart.self,
        ProvidersPart.self,
    ]

    let parts: [any ProductPart]

    /// Puts the parts together.
    ///
    /// - Throws: `SettingsError` for what a part can't work with.
    public init(settings: Settings, platform: Platform) throws {
        parts = try Self.parts.map { try $0.init(settings: settings, platform: platform) }
    }

    /// The catalogue, its stock and prices, quotes, recommendations, and others' offers.
    public var routes: [Route] { parts.flatMap(\.routes) }

    /// Orders, to hold stock for them and learn from them; users, to know what they like.
    public var subscriptions: [Subscription] { parts.flatMap(\.subscriptions) }

    /// What its parts do unasked.
    public var services: [any Service] { parts.flatMap(\.services) }
}

/// One of the module's subjects. Parts share the database and nothing else but each other's stores.
protocol ProductPart: Sendable {
    static var settings: [any DeclaredSetting] { get }
    static var migrations: [MigrationSet] { get }
    init(settings: Settings, platform: Platform) throws
    var routes: [Route] { get }
    var subscriptions: [Subscription] { get }
    var services: [any Service] { get }
}

extension ProductPart {
    static var settings: [any DeclaredSetting] { [] }
    static var migrations: [MigrationSet] { [] }
    var routes: [Route] { [] }
    var subscriptions: [Subscription] { [] }
    var services: [any Service] { [] }
}
