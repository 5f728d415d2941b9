public import Events

/// What User and Notification agree on about tokens that travel sealed in events.
public enum SealedToken {
    /// The purpose of their keys.
    public static let purpose = "flotilla/mail-token"

    /// What a token is for; it is worth nothing for anything else.
    public enum Use: String, Sendable, CaseIterable {
        /// Confirms the address that an account was opened with.
        case emailVerification = "email_verification"
        /// Sets a new password.
        case passwordReset = "password_reset"
        /// Confirms a new address.
        case emailChange = "email_change"
        /// Takes a new address back.
        case emailChangeUndo = "email_change_undo"
    }

    /// What the seal is bound to, so that nobody can put it into another's event.
    public static func subject(_ user: UserID, _ use: Use) -> String { "\(user):\(use.rawValue)" }
}
