import EventBus
import OrderContract

extension PaymentModule {
    /// Charges what orders ask for.
    var chargeSubscription: Subscription {
        .effect(
            "payment.charge",
            // A provider that is away for a quarter of an hour costs no order: about sixteen minutes
            // of tries, which end by themselves when the time to pay is over.
            retry: RetryPolicy(
                attemptCountMax: 40, initialDelay: .milliseconds(250), delayMax: .seconds(60)),
            [
                .on(OrderPaymentRequested.self) { [payments] event, _ in
                    try await payments.charge(event)
                }
            ])
    }
}
