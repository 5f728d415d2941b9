import EventBus
import Events
import Foundation
import Logging

/// Tells users what they should know, by mail.
struct Notifications: Sendable {
    let mail: any MailTransport
    let sender: MailAddress
    let store = NoticeStore()
    let logger: Logger
    let now: @Sendable () -> Date

    /// Sends the welcome mail. The event's id names the mail, so that sending it again after a
    /// crash is seen as the same one.
    ///
    /// A mail that this address will never take is noted as failed, so that nothing else about the
    /// user waits for it.
    ///
    /// - Throws: ``MailError`` when a later try, or an operator, can mend it.
    func welcome(
        _ user: UserID, email: String, firstName: String, because id: EventID
    ) async throws -> Notice {
        let subject = "Welcome to Flotilla, \(firstName)"
        let now = now().wholeMilliseconds
        var status = Notice.Status.sent
        do {
            try await mail.send(
                try MailMessage(
                    id: id.description, from: sender, to: try MailAddress(email),
                    subject: subject, text: Self.welcomeText(firstName: firstName), date: now))
        } catch let error as MailError where error.isAboutTheMail {
            status = .failed
            logger.warning(
                "mail refused for good", error: error, metadata: ["event.id": "\(id)"])
        }
        return Notice(
            id: id, userID: user, kind: .welcome, channel: .email, subject: subject,
            status: status, createdAt: now)
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

extension MailError {
    /// Whether the server, or we, refuse this address or text for good. A server that refuses *us*
    /// (530, 535) would refuse every mail; that is for an operator to mend.
    fileprivate var isAboutTheMail: Bool {
        switch self {
        case .unfit: true
        case .refused(let reply): (550...556).contains(reply)
        case .loginImpossible, .unreachable, .timedOut, .untrusted, .brokenOff, .unwritable: false
        }
    }
}
