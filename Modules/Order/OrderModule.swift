public import EventBus
public import Events
import OrderContract
public import Platform
public import Settings
public import Storage
public import Web

/// Orders, from their placement to the result of their payment.
public struct OrderModule: Module {
    public static let name = "order"
    public static let settings: [any DeclaredSetting] = [products, welcomeOrder]
    public static let publishes: [any Event.Type] = [OrderCreated.self]
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

    public init(settings: Settings, platform: Platform) {
        orders = Orders(
            database: platform.database, outbox: platform.outbox,
            products: settings[Self.products] ?? ProductList(products: []), now: platform.now)
        isWelcomeOrderGiven = settings[Self.welcomeOrder]
        idempotency = Idempotency(now: platform.now)
    }

    public var routes: [Route] { OrderRoutes(orders: orders, idempotency: idempotency).all }

    public var subscriptions: [Subscription] {
        [customersSubscription, welcomeSubscription, paymentsSubscription]
    }
}
