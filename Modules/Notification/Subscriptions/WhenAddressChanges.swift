import EventBus
import UserContract

extension NotificationModule {
    /// Mails about the address of an account.
    var whenAddressChanges: [EffectHandler] {
        let notifications = notifications
        return [
            .on(UserEmailVerificationRequested.self) { event, delivery in
                guard notifications.isInTime(event.expiresAt, because: delivery.id) else {
                    return Notifications.nothing
                }
                let link = try notifications.link(
                    .emailVerification, event.sealedToken, of: event.userID)
                return try await notifications.tell(
                    event.userID, .emailVerification(event, link: link), at: event.email,
                    because: delivery.id)
            },
            .on(UserEmailVerified.self) { event, delivery in
                try await notifications.tell(
                    event.userID, .emailVerified, at: event.email, because: delivery.id)
            },
            .on(UserEmailChangeRequested.self) { event, delivery in
                try await notifications.changeRequested(event, because: delivery.id)
            },
            .on(UserEmailChanged.self) { event, delivery in
                try await notifications.changed(event, because: delivery.id)
            },
        ]
    }
}
