import EventBus
import PaymentContract

extension PaymentModule {
    /// Asks the provider about what it did not say.
    var checkSubscription: Subscription {
        .effect(
            "payment.checks",
            [
                .on(PaymentCheckDue.self) { [payments] event, _ in
                    try await payments.check(event)
                }
            ])
    }
}
