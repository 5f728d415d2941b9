import EventBus
import UserContract

extension NotificationModule {
    /// Mails to users, and what is known of them for it.
    ///
    /// One consumer for all, so that what happens to one user is told in its sequence.
    var userMailsSubscription: Subscription {
        .effect(
            // Mail servers are away for an hour at times: 30 tries, up to five minutes apart.
            "notification.user-mails", retry: RetryPolicy(attemptCountMax: 30),
            whenUserChanges + whenAddressChanges + whenAccessChanges)
    }

    private var whenUserChanges: [EffectHandler] {
        let notifications = notifications
        return [
            .on(UserRegistered.self) { event, delivery in
                try await notifications.welcome(event, because: delivery.id)
            },
            .on(UserRegistrationRepeated.self) { event, delivery in
                try await notifications.tell(
                    event.userID, .registrationRepeated, because: delivery.id)
            },
            .on(UserAccountStatusChanged.self) { event, delivery in
                let suspended = UserAccountStatusChanged.suspended
                guard event.newStatus == suspended || event.oldStatus == suspended else {
                    return Notifications.nothing
                }
                return try await notifications.tell(
                    event.userID, event.newStatus == suspended ? .suspended(event) : .reactivated,
                    because: delivery.id)
            },
            .on(UserDeleted.self) { event, _ in
                { transaction in
                    try notifications.recipients.erase(
                        event.userID, at: event.deletedAt, in: transaction)
                    try notifications.notices.erase(event.userID, in: transaction)
                }
            },
        ]
    }
}
