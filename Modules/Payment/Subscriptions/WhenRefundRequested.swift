import EventBus
import OrderContract

extension PaymentModule {
    /// Gives back what orders ask to give back.
    var refundSubscription: Subscription {
        .effect(
            "payment.refunds",
            // About an hour of a provider that is away.
            retry: RetryPolicy(attemptCountMax: 30),
            [
                .on(OrderRefundRequested.self) { [payments] event, _ in
                    try await payments.refund(event)
                }
            ])
    }
}
