import EventBus
import Events
import PaymentContract

extension OrderModule {
    /// Takes what becomes of orders' payments.
    var paymentsSubscription: Subscription {
        let orders = orders
        return Subscription(
            "order.payments", replay: .repeated,
            [
                .on(PaymentCompleted.self) { event, delivery, transaction in
                    try orders.hear(delivery.id, of: event.orderID, in: transaction) {
                        try $0.complete(event)
                    }
                },
                .on(PaymentAuthorized.self) { event, delivery, transaction in
                    try orders.hear(delivery.id, of: event.orderID, in: transaction) {
                        try $0.authorize(event)
                    }
                },
                .on(PaymentVoided.self) { event, delivery, transaction in
                    try orders.hear(delivery.id, of: event.orderID, in: transaction) {
                        try $0.void(event)
                    }
                },
                .on(PaymentOutcomeUnknown.self) { event, delivery, transaction in
                    try orders.hear(delivery.id, of: event.orderID, in: transaction) {
                        try $0.loseSight(event)
                    }
                },
                .on(PaymentRefunded.self) { event, delivery, transaction in
                    try orders.hear(delivery.id, of: event.orderID, in: transaction) {
                        try $0.settleRefund(event)
                    }
                },
            ])
    }
}
