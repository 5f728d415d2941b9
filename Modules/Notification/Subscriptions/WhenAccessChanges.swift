import EventBus
import UserContract

extension NotificationModule {
    /// Mails about the ways into an account.
    var whenAccessChanges: [EffectHandler] {
        let notifications = notifications
        return [
            .on(UserPasswordResetRequested.self) { event, delivery in
                guard notifications.isInTime(event.expiresAt, because: delivery.id) else {
                    return Notifications.nothing
                }
                let link = try notifications.link(
                    .passwordReset, event.sealedToken, of: event.userID)
                return try await notifications.tell(
                    event.userID, .passwordReset(event, link: link), at: event.email,
                    because: delivery.id)
            },
            .on(UserPasswordChanged.self) { event, delivery in
                try await notifications.tell(
                    event.userID, .passwordChanged(event), because: delivery.id)
            },
            .on(MfaStatusChanged.self) { event, delivery in
                try await notifications.tell(
                    event.userID, .mfaChanged(event), because: delivery.id)
            },
            .on(UserLoggedIn.self) { event, delivery in
                guard let letter = Letter.loggedIn(event) else { return Notifications.nothing }
                return try await notifications.tell(event.userID, letter, because: delivery.id)
            },
        ]
    }
}
