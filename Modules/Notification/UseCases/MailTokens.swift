import Events
import UserContract
import Web

/// Tokens for mails, which User seals into its events and nobody else can read.
struct MailTokens: Sendable {
    /// `nil` in a process that was not given `auth.sealingKey`.
    let sealing: SealingKeys?

    /// - Throws: ``UnopenedToken``.
    func open(
        _ sealedToken: String, for use: SealedToken.Use, of user: UserID
    ) throws(UnopenedToken) -> String {
        guard let sealing else { throw .noKey }
        do {
            return try sealing.open(
                sealedToken, for: SealedToken.purpose, of: SealedToken.subject(user, use))
        } catch { throw .otherKey }
    }
}

/// A mail lacks the link that it is for. An operator can mend it while the mail waits.
enum UnopenedToken: Error, Hashable {
    case noKey
    case otherKey
}

extension UnopenedToken: CustomStringConvertible {
    var description: String {
        switch self {
        case .noKey: "mail without its token: auth.sealingKey is not set here"
        case .otherKey: "mail without its token: auth.sealingKey differs from User's"
        }
    }
}
