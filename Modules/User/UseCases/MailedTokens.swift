import Crypto
import Events
import Foundation
import Storage
import UserContract
import Web

/// Tokens that reach a user by mail: made here, sealed for Notification, spent here.
struct MailedTokens: Sendable {
    let sealing: SealingKeys?
    let store = OneTimeTokenStore()

    /// A token on its way.
    struct Sealed: Sendable {
        let text: String
        let expiresAt: Date
    }

    /// Makes a token and seals it.
    ///
    /// - Throws: `Problem` 503 in a process without the key; `CryptoKitError`; `StorageError`.
    func issue(
        _ use: SealedToken.Use, of user: UserID, email: String? = nil, session: SessionID? = nil,
        at now: Date, in transaction: Transaction
    ) throws -> Sealed {
        guard let sealing else {
            throw Problem.unavailable("this process has no sealing key", retryAfterSeconds: 60)
        }
        let token = OneTimeToken()
        let expiresAt = try store.issue(
            token, Self.stored(use), of: user, email: email, session: session, at: now,
            in: transaction)
        return Sealed(
            text: try sealing.seal(
                token.text, for: SealedToken.purpose, of: SealedToken.subject(user, use)),
            expiresAt: expiresAt)
    }

    private static func stored(_ use: SealedToken.Use) -> TokenUse {
        switch use {
        case .emailVerification: .emailVerification
        case .passwordReset: .passwordReset
        case .emailChange: .emailChange
        case .emailChangeUndo: .emailChangeUndo
        }
    }
}
