import EventBus
import UserContract

extension NotificationModule {
    /// Mails to users, and the end of them.
    var userMailsSubscription: Subscription {
        let notifications = notifications
        return .effect(
            "notification.user-mails",
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
