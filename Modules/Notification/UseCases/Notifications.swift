import EventBus
import Events
import Foundation

/// Tells users what they should know, by mail.
struct Notifications: Sendable {
    let mail: any MailTransport
    let sender: MailAddress
    let store = NoticeStore()
    let now: @Sendable () -> Date

    /// Sends the welcome mail. The event's id names the mail, so that sending it again after a
    /// crash is seen as the same one.
    ///
    /// - Throws: ``MailError`` when a later try may succeed; ``Undeliverable`` when none can.
    func welcome(
        _ user: UserID, email: String, firstName: String, because id: EventID
    ) async throws -> Notice {
        let subject = "Welcome to Flotilla, \(firstName)"
        let now = now().wholeMilliseconds
        do {
            try await mail.send(
                try MailMessage(
                    id: id.description, from: sender, to: try MailAddress(email),
                    subject: subject, text: Self.welcomeText(firstName: firstName), date: now))
        } catch let error as MailError where error.isPermanent {
            throw Undeliverable(reason: error)
        }
        return Notice(
            id: id, userID: user, kind: .welcome, channel: .email, subject: subject,
            status: .sent, createdAt: now)
    }

    private static func welcomeText(firstName: String) -> String {
        """
        Hello \(firstName),

        your Flotilla account is open. There is a welcome order waiting in it.

        If you did not open it, you need not do anything: tell us, and it is gone.

        The Flotilla crew
        """
    }
}

/// A mail that no later try can deliver; its event waits for an operator.
struct Undeliverable: PermanentFailure, Equatable {
    let reason: MailError
}
