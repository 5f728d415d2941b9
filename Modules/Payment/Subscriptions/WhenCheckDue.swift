import EventBus
import PaymentContract

extension PaymentModule {
    /// Asks the provider about what it did not say.
    var checkSubscription: Subscription {
        .effect(
            "payment.checks",
            // About an hour of a provider that is away.
            retry: RetryPolicy(attemptCountMax: 30),
            [
                .on(PaymentCheckDue.self) { [payments] event, _ in
                    try await payments.check(event)
                }
            ])
    }
}
