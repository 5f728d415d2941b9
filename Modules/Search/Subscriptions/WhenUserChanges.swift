import EventBus
import UserContract

extension SearchModule {
    /// Keeps the index in step with the users.
    var userIndexSubscription: Subscription {
        let index = index
        return Subscription(
            "search.user-index", replay: .rebuilt { try index.clear(in: $0) },
            [
                .on(UserRegistered.self) { event, _, transaction in
                    try index.put(
                        IndexedUser(
                            id: event.userID, email: event.email, firstName: event.firstName,
                            lastName: event.lastName), in: transaction)
                },
                .on(UserProfileUpdated.self) { event, _, transaction in
                    try index.rename(
                        event.userID, firstName: event.firstName, lastName: event.lastName,
                        in: transaction)
                },
                .on(UserEmailChanged.self) { event, _, transaction in
                    try index.setEmail(event.email, of: event.userID, in: transaction)
                },
                .on(UserDeleted.self) { event, _, transaction in
                    try index.remove(event.userID, in: transaction)
                },
            ])
    }
}
