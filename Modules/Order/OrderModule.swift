public import EventBus
public import Events
import OrderContract
public import Platform
public import Settings
public import Storage
public import Web

/// Orders, from their placement to the result of their payment.
public struct OrderModule: Module {
    /// Stable: its database, `order.events` and its consumers are called by it.
    public static let name = "order"
    /// What is sold, and whether new users get a welcome order.
    public static let settings: [any DeclaredSetting] = [products, welcomeOrder]
    /// That an order was placed.
    public static let publishes: [any Event.Type] = [OrderCreated.self]
    /// Orders, what is known of their customers, and the keys of repeatable requests.
    public static let migrations = [orderMigrations, Idempotency.migrations]

    private static let welcomeOrder = Setting<Bool>.bool(
        "order.welcomeOrder", default: true,
        "Whether every new user gets a welcome order of the first product.")
    private static let products = Setting<ProductList?>.custom(
        "order.products", default: ProductList(ProductList.standardText),
        defaultText: ProductList.standardText,
        allowed: "ID=AMOUNT CURRENCY entries separated by commas, amounts in minor units",
        "What can be ordered, at which price, until there is a catalogue.",
        parse: { text in ProductList(text).map(Optional.some) })

    let orders: Orders
    let isWelcomeOrderGiven: Bool
    private let idempotency: Idempotency

    /// Takes the products as they are configured; none means that nothing can be ordered.
    public init(settings: Settings, platform: Platform) {
        orders = Orders(
            database: platform.database, outbox: platform.outbox,
            products: settings[Self.products] ?? ProductList(products: []), now: platform.now)
        isWelcomeOrderGiven = settings[Self.welcomeOrder]
        idempotency = Idempotency(now: platform.now)
    }

    /// Placing, listing and showing the caller's own orders.
    public var routes: [Route] { OrderRoutes(orders: orders, idempotency: idempotency).all }

    /// Users, to know the customers and welcome new ones; payments, to settle orders.
    public var subscriptions: [Subscription] {
        [customersSubscription, welcomeSubscription, paymentsSubscription]
    }
}
