import EventBus
import OrderContract

extension PaymentModule {
    /// Charges what orders ask for.
    var chargeSubscription: Subscription {
        .effect(
            "payment.charge",
            // About sixteen minutes: as long as an order waits for its payment. Tries end by
            // themselves when that is over.
            retry: RetryPolicy(
                attemptCountMax: 40, initialDelay: .milliseconds(250), delayMax: .seconds(60)),
            [
                .on(OrderPaymentRequested.self) { [payments] event, _ in
                    try await payments.charge(event)
                }
            ])
    }
}
