import EventBus
import Events
import Foundation
import OrderContract
import Platform
import ProductContract
import Settings
import Storage
import Web

/// The inventory of the module: what there is, and what is set aside for orders.
struct InventoryPart: ProductPart {
    static let settings: [any DeclaredSetting] = [holdDuration]
    static let migrations: [MigrationSet] = [inventoryMigrations]

    private static let holdDuration = Setting<Duration>.duration(
        "product.holdDuration", default: .seconds(600), in: .seconds(1)...(.seconds(86_400)),
        "How long stock is set aside for an order that does not ask for its payment.")
    /// What a hold outlasts its order's deadline by: a payment at the last moment is on its way
    /// for as long.
    private static let paymentGrace: TimeInterval = 120

    let stock: Stock
    private let holdDuration: Duration
    private let idempotency: Idempotency

    init(settings: Settings, platform: Platform) throws {
        stock = Stock(platform: platform)
        holdDuration = settings[Self.holdDuration]
        idempotency = Idempotency(now: platform.now)
        StockMetrics.register()
    }

    var routes: [Route] { InventoryRoutes(stock: stock, idempotency: idempotency).all }

    var subscriptions: [Subscription] { [holds, holdExpiry] }

    /// Sets stock aside for orders, and does with it what becomes of them.
    private var holds: Subscription {
        let (stock, duration) = (stock, holdDuration)
        return Subscription(
            "product.holds", replay: .repeated,
            [
                .on(OrderCreated.self) { event, _, transaction in
                    try stock.hold(
                        event.orderID, for: event.userID,
                        event.items.map {
                            StockDemand(variantID: $0.productID, quantity: $0.quantity)
                        }, lasting: duration, in: transaction)
                },
                .on(OrderPaymentRequested.self) { event, _, transaction in
                    try stock.extend(
                        event.orderID, until: event.payBy + Self.paymentGrace, in: transaction)
                },
                .on(OrderPaid.self) { event, _, transaction in
                    try stock.allocate(
                        event.orderID, for: event.userID,
                        event.items.map {
                            StockDemand(variantID: $0.productID, quantity: $0.quantity)
                        }, in: transaction)
                },
                .on(OrderCancelled.self) { event, _, transaction in
                    try stock.release(
                        event.orderID, of: event.userID, because: "cancelled", in: transaction)
                },
                .on(OrderExpired.self) { event, _, transaction in
                    try stock.release(
                        event.orderID, of: event.userID, because: "expired", in: transaction)
                },
                .on(OrderRejected.self) { event, _, transaction in
                    try stock.release(
                        event.orderID, of: event.userID, because: "cancelled", in: transaction)
                },
            ])
    }

    /// Ends what nobody paid in time.
    private var holdExpiry: Subscription {
        let stock = stock
        return Subscription(
            "product.hold-expiry", replay: .repeated,
            [
                .on(StockHoldDue.self) { event, _, transaction in
                    try stock.expire(event.orderID, dueAt: event.expiresAt, in: transaction)
                }
            ])
    }
}
