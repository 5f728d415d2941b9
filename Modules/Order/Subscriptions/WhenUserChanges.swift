import EventBus
import UserContract

extension OrderModule {
    /// Keeps the customer projection.
    var customersSubscription: Subscription {
        let customers = orders.customers
        return Subscription(
            "order.customers", replay: .rebuilt { try customers.clear(in: $0) },
            [
                .on(UserRegistered.self) { event, _, transaction in
                    try customers.insert(
                        event.userID, email: event.email, firstName: event.firstName,
                        lastName: event.lastName, in: transaction)
                },
                .on(UserProfileUpdated.self) { event, _, transaction in
                    try customers.rename(
                        event.userID, firstName: event.firstName, lastName: event.lastName,
                        in: transaction)
                },
                .on(UserEmailChanged.self) { event, _, transaction in
                    try customers.setEmail(event.email, of: event.userID, in: transaction)
                },
                .on(UserAddressAdded.self) { event, _, transaction in
                    try customers.put(CustomerAddress(event), in: transaction)
                },
                .on(UserAddressUpdated.self) { event, _, transaction in
                    try customers.put(CustomerAddress(event), in: transaction)
                },
                .on(UserAddressDeleted.self) { event, _, transaction in
                    try customers.remove(event.addressID, in: transaction)
                },
                .on(UserDeleted.self) { event, _, transaction in
                    try customers.erase(event.userID, at: event.deletedAt, in: transaction)
                },
            ])
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
