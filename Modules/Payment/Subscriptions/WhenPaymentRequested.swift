import EventBus
import OrderContract

extension PaymentModule {
    /// Charges what orders ask for.
    var chargeSubscription: Subscription {
        .effect(
            "payment.charge",
            [
                .on(OrderPaymentRequested.self) { [payments] event, _ in
                    try await payments.charge(event)
                }
            ])
    }
}
