import Events
import Foundation
import Storage

/// Something that was sent to a user. Its id is the event's that caused it.
struct Notice: Sendable, Hashable {
    let id: EventID
    let userID: UserID
    let kind: Kind
    let channel: Channel
    let subject: String
    let status: Status
    let createdAt: Date

    /// What it was about; stable, for clients choose pictures by it.
    enum Kind: String, SQLConvertible, Sendable, CaseIterable {
        case welcome
        case registrationRepeated = "registration_repeated"
        case emailVerification = "email_verification"
        case emailVerified = "email_verified"
        case emailChange = "email_change"
        case emailChanged = "email_changed"
        case passwordReset = "password_reset"
        case passwordChanged = "password_changed"
        case mfaChanged = "mfa_changed"
        case newDevice = "new_device"
        case recoveryCodeUsed = "recovery_code_used"
        case accountSuspended = "account_suspended"
        case accountReactivated = "account_reactivated"
    }

    enum Channel: String, SQLConvertible, Sendable { case email }
    enum Status: String, SQLConvertible, Sendable { case sent, failed }
}
