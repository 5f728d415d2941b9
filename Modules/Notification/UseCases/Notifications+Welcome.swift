import Events
import Foundation
import Logging
import UserContract

extension Notifications {
    /// Sends the first mail to a user, and answers that they and it are to be recorded.
    ///
    /// The mail confirms the address, too, where that is wanted and this process can; a greeting
    /// does not wait for a key.
    ///
    /// - Throws: as `send(_:to:called:of:because:)`; `StorageError`.
    func welcome(_ event: UserRegistered, because id: EventID) async throws -> Outcome {
        // A registration that is heard again after the end brings nobody back.
        guard try await recipient(event.userID) != .deleted else { return Self.nothing }
        let letter = Letter.welcome(event, link: confirmation(of: event, because: id))
        let notice = try await send(
            letter, to: event.email, called: event.firstName, of: event.userID, because: id)
        return { [recipients, notices] transaction in
            try recipients.insert(
                event.userID, email: event.email, in: transaction)
            try notices.insert(notice, in: transaction)
        }
    }

    private func confirmation(of event: UserRegistered, because id: EventID) -> String? {
        guard let sealedToken = event.sealedToken,
            event.expiresAt.map({ isInTime($0, because: id) }) ?? false
        else { return nil }
        do {
            return try link(.emailVerification, sealedToken, of: event.userID)
        } catch {
            logger.warning(
                "welcome goes without its link", error: error, metadata: ["event.id": "\(id)"])
            return nil
        }
    }

    /// Whether a mail can still be of use: one whose link has ended would only puzzle, and what
    /// comes after it must not wait for it.
    func isInTime(_ expiresAt: Date, because id: EventID) -> Bool {
        guard expiresAt <= now() else { return true }
        logger.warning(
            "no mail: its link ended before it could be sent", metadata: ["event.id": "\(id)"])
        return false
    }

    /// The link that spends a token.
    ///
    /// - Throws: ``UnopenedToken``.
    func link(
        _ use: SealedToken.Use, _ sealedToken: String, of user: UserID
    ) throws(UnopenedToken) -> String {
        links.link(use, token: try tokens.open(sealedToken, for: use, of: user))
    }
}
