import EventBus
import Events
import Foundation
import Logging
import Storage

/// Tells users what they should know, by mail.
struct Notifications: Sendable {
    let mail: any MailTransport
    let sender: MailAddress
    let links: MailLinks
    let tokens: MailTokens
    let database: Database
    let notices = NoticeStore()
    let recipients = RecipientStore()
    let logger: Logger
    let now: @Sendable () -> Date

    typealias Outcome = EffectHandler.Outcome

    /// When there is nothing to tell.
    static let nothing: Outcome = { _ in }

    /// Sends a user a letter, and answers what is to be recorded of it.
    ///
    /// Nothing is sent to the deleted, nor to those of whom no address is known.
    ///
    /// - Parameter address: where it goes; `nil` for the user's present address.
    /// - Throws: as `send(_:to:called:of:because:)`; `StorageError`.
    func tell(
        _ user: UserID, _ letter: Letter, at address: String? = nil, because id: EventID
    ) async throws -> Outcome {
        let notice: Notice
        switch (try await recipient(user), address) {
        case (.deleted, _):
            return Self.nothing
        case (.unknown, nil):
            logger.warning("no address known to write to", metadata: ["event.id": "\(id)"])
            return Self.nothing
        case (.unknown, let address?):
            notice = try await send(letter, to: address, of: user, because: id)
        case (.known(let email), _):
            notice = try await send(letter, to: address ?? email, of: user, because: id)
        }
        return { [notices] in try notices.insert(notice, in: $0) }
    }

    func recipient(_ user: UserID) async throws -> Recipient {
        try await database.read { [recipients] in try recipients.find(user, in: $0) }
    }

    /// Sends one mail. The event's id names it, so that sending it again after a crash is seen as
    /// the same one.
    ///
    /// A mail that this address will never take is noted as failed, so that nothing else about the
    /// user waits for it.
    ///
    /// - Throws: ``MailError`` when a later try, or an operator, can mend it.
    func send(
        _ letter: Letter, to address: String, called firstName: String? = nil, of user: UserID,
        because id: EventID
    ) async throws -> Notice {
        let now = now().wholeMilliseconds
        var status = Notice.Status.sent
        do {
            try await mail.send(
                try MailMessage(
                    id: id.description, from: sender, to: try MailAddress(address),
                    subject: letter.subject, text: letter.text(to: firstName), date: now))
        } catch let error as MailError where error.isAboutTheMail {
            status = .failed
            logger.warning(
                "mail refused for good", error: error, metadata: ["event.id": "\(id)"])
        }
        return Notice(
            id: id, userID: user, kind: letter.kind, channel: .email, subject: letter.subject,
            status: status, createdAt: now)
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
