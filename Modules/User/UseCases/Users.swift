import EventBus
import Events
import Foundation
import Storage
import UserContract
import Web

/// Accounts: who exists, what they tell about themselves, and how they prove who they are.
struct Users: Sendable {
    let database: Database
    let outbox: Outbox
    let hasher: PasswordHasher
    let policy: PasswordPolicy
    let now: @Sendable () -> Date
    let ending: AccessEnding
    let secrets: AccountSecrets
    let mailed: MailedTokens
    let reauthentication: Reauthentication
    let logInPolicy: LogInPolicy
    let store = UserStore()
    let roles = RoleStore()
    let throttles = ThrottleStore()

    /// The user with an id.
    ///
    /// - Throws: ``UserError/notFound``.
    func find(_ id: UserID) async throws -> User {
        guard let user = try await database.read({ try store.find(id, in: $0) }) else {
            throw UserError.notFound
        }
        return user
    }

    /// What everybody may see of a user.
    ///
    /// - Throws: ``UserError/notFound``, also for who shows nothing, is suspended, or, where
    ///   accounts are concealed, may not own the address.
    func findPublic(_ id: UserID) async throws -> User {
        let user = try await find(id)
        let isShown =
            switch user.status {
            case .active: true
            case .pendingVerification: !logInPolicy.concealsAccounts
            case .suspended: false
            }
        guard isShown, !user.profile.publicFields.isEmpty else { throw UserError.notFound }
        return user
    }

    /// What an address is counted under.
    func identifier(of email: EmailAddress) throws -> String {
        try secrets.keyedHash(of: email.key, for: "email-hash")
    }

    /// Takes an account over from whoever opened it with an address that they never confirmed: what
    /// they left to get in by, or to have things sent to, goes.
    func disown(_ user: inout User, in transaction: Transaction) throws {
        guard user.status == .pendingVerification else { return }
        try FactorStore().erase(user.id, in: transaction)
        try DeviceStore().erase(user.id, in: transaction)
        let addresses = AddressStore()
        for address in try addresses.list(of: user.id, in: transaction) {
            try addresses.delete(address.id, in: transaction)
            try outbox.publish(
                UserAddressDeleted(userID: user.id, addressID: address.id), in: transaction)
        }
        user.profile.phone = nil
    }

    /// The address is the user's: mail to it arrived.
    func confirmEmail(
        _ user: inout User, at now: Date, in transaction: Transaction
    ) throws {
        guard user.status == .pendingVerification else { return }
        user.status = .active
        try store.update(user, at: now, in: transaction)
        try outbox.publish(
            UserEmailVerified(userID: user.id, email: user.email.text, verifiedAt: now),
            in: transaction)
    }
}
