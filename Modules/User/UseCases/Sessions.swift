import Crypto
import EventBus
import Events
import Foundation
import Logging
import Storage
import UserContract
import Web

/// Log-ins: short access tokens, and refresh tokens that are spent by use.
struct Sessions: Sendable {
    /// How long an access token is good for.
    static let accessTokenLifetime = Duration.seconds(600)
    /// How long a session lives at most, and how long without being used.
    static let lifetimeSeconds = 30.0 * 24 * 3_600
    static let idleSeconds = 7.0 * 24 * 3_600
    /// Sessions that a user may have at a time; another one ends the one used longest ago.
    static let countMax = 20

    let database: Database
    let outbox: Outbox
    let hasher: PasswordHasher
    let issuer: TokenIssuer
    /// The least time that a log-in takes to fail.
    let failureFloor: FailureFloor
    let ending: AccessEnding
    let logger: Logger
    let now: @Sendable () -> Date
    let store = SessionStore()
    let users = UserStore()
    let roles = RoleStore()

    /// What a client holds after a log-in.
    struct TokenPair: Sendable {
        let accessToken: String
        let refreshToken: String
    }

    /// Opens a session.
    ///
    /// An unknown address costs the same time as a wrong password and gets the same answer; only
    /// who knows the password learns that the account is suspended. Stored hashes may be of several
    /// costs, so failures take a fixed time on top; it passes without holding a thread.
    ///
    /// - Throws: ``UserError/wrongCredentials``, ``UserError/suspended``.
    func logIn(
        email: EmailAddress?, typed: String, password: Password, device: SessionStore.Device
    ) async throws -> TokenPair {
        try await failureFloor.hold {
            try await open(email: email, typed: typed, password: password, device: device)
        }
    }

    private func open(
        email: EmailAddress?, typed: String, password: Password, device: SessionStore.Device
    ) async throws -> TokenPair {
        let user = try await database.read { transaction in
            try email.flatMap { try users.find($0, in: transaction) }
        }
        let verdict = try await hasher.verify(
            password, against: user?.passwordHash ?? PasswordHasher.decoy)
        guard let user, verdict.isRight else {
            let reason = user == nil ? "unknown_user" : "wrong_password"
            try await recordFailure(of: user?.id, typed: typed, device: device, reason: reason)
            throw UserError.wrongCredentials
        }
        guard user.status != .suspended else {
            try await recordFailure(of: user.id, typed: typed, device: device, reason: "suspended")
            throw UserError.suspended
        }
        let newHash = verdict.isOutdated ? await renewedHash(of: password, user.id) : nil
        let id = SessionID()
        let token = RefreshToken()
        let now = now().wholeMilliseconds
        let grants = try await ending.write { transaction, ended in
            // The password may have been changed, or the account deleted, while it was verified.
            let current = try users.find(user.id, in: transaction)
            guard let current, current.passwordHash == user.passwordHash,
                current.status != .suspended
            else { throw UserError.wrongCredentials }
            try users.touch(user.id, in: transaction)
            if let newHash { try users.renew(newHash, of: user.id, in: transaction) }
            try endSurplus(of: user.id, at: now, in: transaction, &ended)
            try store.open(
                id, of: user.id, on: device, token: token, at: now,
                until: now + Self.lifetimeSeconds, in: transaction)
            try outbox.publish(
                UserLoggedIn(
                    userID: user.id, sessionID: id.description, ipAddress: device.ipAddress,
                    userAgent: device.userAgent, method: "password", loggedInAt: now),
                in: transaction)
            return try roles.grants(of: user.id, in: transaction)
        }
        return TokenPair(
            accessToken: try await accessToken(of: user.id, session: id, grants, at: now),
            refreshToken: token.text)
    }

    /// A log-in does not fail for it: the old hash is as good as it was.
    private func renewedHash(of password: Password, _ user: UserID) async -> String? {
        do {
            return try await hasher.hash(password)
        } catch {
            logger.warning(
                "a password's hash was not renewed", error: error,
                metadata: ["user.id": "\(user)"])
            return nil
        }
    }

    private func endSurplus(
        of user: UserID, at now: Date, in transaction: Transaction,
        _ ended: inout AccessEnding.Ended
    ) throws {
        let living = try store.living(of: user, at: now, idle: Self.idleSeconds, in: transaction)
        try ending.end(
            living.dropFirst(Self.countMax - 1).map(\.id), of: user, because: .tooMany,
            in: transaction, &ended)
    }

    func accessToken(
        of user: UserID, session: SessionID, _ grants: Grants, at now: Date
    ) async throws -> String {
        try await issuer.sign(
            Principal(
                userID: user, sessionID: session.description, roles: grants.roles,
                permissions: grants.permissions),
            at: now, lifetime: Self.accessTokenLifetime)
    }

    private func recordFailure(
        of user: UserID?, typed: String, device: SessionStore.Device, reason: String
    ) async throws {
        let emailHash = try issuer.keyedHash(
            of: typed.trimmingCharacters(in: .whitespaces).lowercased())
        try await database.write { transaction in
            try outbox.publish(
                UserLoginFailed(
                    userID: user, emailHash: emailHash, ipAddress: device.ipAddress,
                    userAgent: device.userAgent, reason: reason,
                    failedAt: now().wholeMilliseconds), in: transaction)
        }
    }
}
