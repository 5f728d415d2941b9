import EventBus
import UserContract

extension NotificationModule {
    /// Mails to users, and the end of them.
    var userMailsSubscription: Subscription {
        let notifications = notifications
        return .effect(
            // Mail servers are away for an hour at times: 30 tries, up to five minutes apart.
            "notification.user-mails", retry: RetryPolicy(attemptCountMax: 30),
            [
                .on(UserRegistered.self) { event, delivery in
                    let notice = try await notifications.welcome(
                        event.userID, email: event.email, firstName: event.firstName,
                        because: delivery.id)
                    return { try notifications.store.insert(notice, in: $0) }
                },
                .on(UserDeleted.self) { event, _ in
                    { try notifications.store.erase(event.userID, in: $0) }
                },
            ])
    }
}
