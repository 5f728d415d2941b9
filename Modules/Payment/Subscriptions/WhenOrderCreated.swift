import EventBus
import Events
import OrderContract
import PaymentContract

extension PaymentModule {
    /// Charges every new order, and says what came of it.
    var chargeSubscription: Subscription {
        let (provider, store, outbox, now) = (provider, store, outbox, now)
        return .effect(
            "payment.charge",
            [
                .on(OrderCreated.self) { event, _ in
                    let id = PaymentID(of: event.orderID)
                    let result = try await provider.charge(id, event.total)
                    let payment = PaymentCompleted(
                        paymentID: id, orderID: event.orderID, userID: event.userID,
                        amount: event.total, status: result.status,
                        failureReason: result.failureReason, completedAt: now().wholeMilliseconds,
                        attempt: 1)
                    return { transaction in
                        guard try store.insert(payment, in: transaction) else { return }
                        try outbox.publish(payment, in: transaction)
                    }
                }
            ])
    }
}

extension ChargeResult {
    fileprivate var status: PaymentCompleted.Status {
        switch self {
        case .completed: .completed
        case .failed: .failed
        }
    }

    fileprivate var failureReason: String? {
        switch self {
        case .completed: nil
        case .failed(let reason): reason
        }
    }
}
