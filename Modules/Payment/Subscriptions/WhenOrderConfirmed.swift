import EventBus
import OrderContract

extension PaymentModule {
    /// Keeps what bookings cost, for the reckoning.
    var bookingSubscription: Subscription {
        Subscription(
            "payment.bookings", replay: .repeated,
            [
                .on(OrderConfirmed.self) { [payments] event, _, transaction in
                    try payments.notes.book(
                        event.orderID, paidBy: event.paymentID, total: event.total,
                        at: event.confirmedAt, in: transaction)
                }
            ])
    }
}
