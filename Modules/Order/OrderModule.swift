public import EventBus
public import Events
import OrderContract
public import Platform
public import Settings
public import Storage
public import Web

/// Orders, from their placement to the end of the booking.
public struct OrderModule: Module {
    /// Stable: its database, `order.events` and its consumers are called by it.
    public static let name = "order"
    /// How long orders wait, what calling them off costs, and what new users are given.
    public static let settings: [any DeclaredSetting] = [
        paymentWindow, cancellationFees, welcomeOrder, welcomeProduct,
    ]
    /// What becomes of an order, and what it asks of stock and money.
    public static let publishes: [any Event.Type] = [
        OrderCreated.self, OrderPaymentRequested.self, OrderPaid.self, OrderConfirmed.self,
        OrderRejected.self, OrderExpired.self, OrderCancelled.self, OrderRefundRequested.self,
        OrderFulfilmentChanged.self, OrderDeadlineDue.self,
    ]
    /// Orders, what is known of customers and the catalogue, and the keys of repeatable requests.
    public static let migrations = [orderMigrations, Idempotency.migrations]

    private static let paymentWindow = Setting<Duration>.duration(
        "order.paymentWindow", default: .seconds(900), in: .seconds(1)...(.seconds(86_400)),
        "How long an order waits for its payment, from each attempt on, before it expires.")
    private static let cancellationFees = Setting<CancellationFees?>.custom(
        "order.cancellationFees", default: CancellationFees(CancellationFees.standardText),
        defaultText: CancellationFees.standardText,
        allowed: "DAYSd=PERCENT entries separated by commas",
        "What of a paid order is kept when it is cancelled, from so many days before it begins.",
        parse: { text in CancellationFees(text).map(Optional.some) })
    private static let welcomeOrder = Setting<Bool>.bool(
        "order.welcomeOrder", default: true, "Whether every new user gets a welcome order.")
    private static let firstStarter = "01970000-0000-7000-8000-000000000001"
    private static let welcomeProduct = Setting<VariantID?>.custom(
        "order.welcomeProduct", default: VariantID(firstStarter), defaultText: firstStarter,
        allowed: "the id of a variant", "What a welcome order is of.",
        parse: { text in VariantID(text).map(Optional.some) })

    let orders: Orders
    let idempotency: Idempotency
    let isWelcomeOrderGiven: Bool

    /// Takes the house's policy as it is configured.
    public init(settings: Settings, platform: Platform) {
        let welcomeProduct = settings[Self.welcomeProduct]
        orders = Orders(
            database: platform.database, outbox: platform.outbox, now: platform.sharedNow,
            localNow: platform.now,
            policy: OrderPolicy(
                paymentWindow: settings[Self.paymentWindow],
                cancellationFees: settings[Self.cancellationFees] ?? .free,
                welcomeProduct: welcomeProduct))
        isWelcomeOrderGiven = settings[Self.welcomeOrder] && welcomeProduct != nil
        idempotency = Idempotency(now: platform.now)
        OrderMetrics.register()
    }

    /// One's own orders, and everybody's for those who look after them.
    public var routes: [Route] {
        OrderRoutes(orders: orders, idempotency: idempotency).all
            + OrderAdministration(orders: orders, idempotency: idempotency).all
    }

    /// The catalogue and its quotes, stock, payments, its own deadlines, and users.
    public var subscriptions: [Subscription] {
        [
            catalogueSubscription, quotesSubscription, stockSubscription, paymentsSubscription,
            deadlinesSubscription, customersSubscription, welcomeSubscription,
        ]
    }
}
