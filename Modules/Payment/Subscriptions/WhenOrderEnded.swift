import EventBus
import OrderContract

extension PaymentModule {
    /// Ends what is unpaid of orders that came to nothing.
    var settlementSubscription: Subscription {
        .effect(
            "payment.settlements",
            // About an hour of a provider that is away.
            retry: RetryPolicy(attemptCountMax: 30),
            [
                .on(OrderCancelled.self) { [payments] event, _ in
                    try await payments.settle(
                        OrderEnd(
                            orderID: event.orderID, reason: .orderCancelled, fee: event.fee,
                            endedAt: event.cancelledAt))
                },
                .on(OrderExpired.self) { [payments] event, _ in
                    try await payments.settle(
                        OrderEnd(
                            orderID: event.orderID, reason: .orderExpired, fee: nil,
                            endedAt: event.expiredAt))
                },
                .on(OrderRejected.self) { [payments] event, _ in
                    try await payments.settle(
                        OrderEnd(
                            orderID: event.orderID, reason: .orderRejected, fee: nil,
                            endedAt: event.rejectedAt))
                },
            ])
    }
}
