import EventBus
import Events
import ProductContract
import Storage

extension OrderModule {
    /// Keeps the projection of what can be ordered: of two descriptions the newer holds, so that
    /// it bears to hear all of them again.
    var catalogueSubscription: Subscription {
        let orders = orders
        return Subscription(
            "order.catalogue", replay: .repeated,
            [
                .on(ProductCreated.self) { event, _, transaction in
                    try orders.learn(event.product, in: transaction)
                },
                .on(ProductUpdated.self) { event, _, transaction in
                    try orders.learn(event.product, in: transaction)
                },
                .on(ProductDeleted.self) { event, _, transaction in
                    try orders.catalogue.end(
                        event.productID, version: event.version, in: transaction)
                },
            ])
    }

    /// Keeps the quotes that orders can be placed by.
    var quotesSubscription: Subscription {
        let orders = orders
        return Subscription(
            "order.quotes", replay: .repeated,
            [
                .on(QuoteGiven.self) { event, _, transaction in
                    let isForgotten = try event.userID.map {
                        try orders.customers.isDeleted($0, in: transaction)
                    }
                    guard isForgotten != true else { return }
                    try orders.catalogue.put(
                        Quote(
                            id: event.quoteID, userID: event.userID, items: event.items,
                            expiresAt: event.expiresAt),
                        at: orders.now(transaction), in: transaction)
                }
            ])
    }
}

extension Orders {
    /// Notes a product, and welcomes those who waited for it.
    fileprivate func learn(
        _ product: ProductDescription, in transaction: Transaction
    ) throws {
        guard try catalogue.put(product, in: transaction) else { return }
        if product.variants.contains(where: { $0.id == policy.welcomeProduct }) {
            try welcomeThoseDue(in: transaction)
        }
    }
}
