import EventBus
import PaymentContract

extension OrderModule {
    /// Settles orders by the results of their payments.
    var paymentsSubscription: Subscription {
        let orders = orders
        return Subscription(
            "order.payments",
            [
                .on(PaymentCompleted.self) { event, _, transaction in
                    try orders.settle(
                        event.orderID, isPaid: event.status == .completed, in: transaction)
                }
            ])
    }
}
