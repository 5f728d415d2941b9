import EventBus
import Events
import UserContract
import Web

extension OrderModule {
    /// Keeps the customer projection.
    var customersSubscription: Subscription {
        let customers = orders.customers
        let end = customerEnd
        return Subscription(
            "order.customers", replay: .rebuilt { try customers.clear(in: $0) },
            [
                .on(UserRegistered.self) { event, delivery, transaction in
                    let time = delivery.envelope.time
                    try customers.setEmail(
                        event.email, of: event.userID, at: time, in: transaction)
                    try customers.rename(
                        event.userID, firstName: event.firstName, lastName: event.lastName,
                        at: time, in: transaction)
                },
                .on(UserProfileUpdated.self) { event, delivery, transaction in
                    try customers.rename(
                        event.userID, firstName: event.firstName, lastName: event.lastName,
                        at: delivery.envelope.time, in: transaction)
                },
                .on(UserEmailChanged.self) { event, delivery, transaction in
                    try customers.setEmail(
                        event.email, of: event.userID, at: delivery.envelope.time,
                        in: transaction)
                },
                .on(UserAddressAdded.self) { event, delivery, transaction in
                    try customers.put(
                        CustomerAddress(event), at: delivery.envelope.time, in: transaction)
                },
                .on(UserAddressUpdated.self) { event, delivery, transaction in
                    try customers.put(
                        CustomerAddress(event), at: delivery.envelope.time, in: transaction)
                },
                .on(UserAddressDeleted.self) { event, _, transaction in
                    try customers.remove(event.addressID, of: event.userID, in: transaction)
                },
                end,
            ])
    }

    private var customerEnd: Handler {
        let (orders, idempotency) = (orders, idempotency)
        return .on(UserDeleted.self) { event, delivery, transaction in
            try orders.forget(event.userID, deletedAt: event.deletedAt, in: transaction)
            try idempotency.forgetAll(of: event.userID, in: transaction)
            // Heard again, there is nothing left to call off; and what a rebuild published would
            // not be heard.
            guard !delivery.isReplay else { return }
            try orders.cancelUnpaid(of: event.userID, in: transaction)
        }
    }

    /// Gives every new user a welcome order, if the house is so minded.
    var welcomeSubscription: Subscription {
        let orders = orders
        let isGenerous = isWelcomeOrderGiven
        return Subscription(
            "order.welcome-order", replay: .repeated,
            [
                .on(UserRegistered.self) { event, _, transaction in
                    if isGenerous { try orders.welcome(event.userID, in: transaction) }
                }
            ])
    }
}
