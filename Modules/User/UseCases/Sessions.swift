import Crypto
import EventBus
import Events
import Foundation
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

    let database: Database
    let outbox: Outbox
    let hasher: PasswordHasher
    let issuer: TokenIssuer
    let now: @Sendable () -> Date
    let store = SessionStore()
    let users = UserStore()

    /// What a client holds after a log-in.
    struct TokenPair: Sendable {
        let accessToken: String
        let refreshToken: String
    }

    /// Opens a session.
    ///
    /// An unknown address costs the same time as a wrong password and gets the same answer; only
    /// who knows the password learns that the account is suspended.
    ///
    /// - Throws: ``UserError/wrongCredentials``, ``UserError/suspended``.
    func logIn(
        email: EmailAddress?, typed: String, password: Password, device: SessionStore.Device
    ) async throws -> TokenPair {
        let user = try await database.read { transaction in
            try email.flatMap { try users.find($0, in: transaction) }
        }
        let isRight = try await hasher.verify(
            password, against: user?.passwordHash ?? PasswordHasher.decoy)
        guard let user, isRight else {
            let reason = user == nil ? "unknown_user" : "wrong_password"
            try await recordFailure(of: user?.id, typed: typed, device: device, reason: reason)
            throw UserError.wrongCredentials
        }
        guard user.status != .suspended else {
            try await recordFailure(of: user.id, typed: typed, device: device, reason: "suspended")
            throw UserError.suspended
        }
        let id = SessionID()
        let token = RefreshToken()
        let now = now().wholeMilliseconds
        let roles = try await database.write { transaction in
            // The password may have been changed, or the account deleted, while it was verified.
            let current = try users.find(user.id, in: transaction)
            guard let current, current.passwordHash == user.passwordHash,
                current.status != .suspended
            else { throw UserError.wrongCredentials }
            try users.touch(user.id, in: transaction)
            try store.open(
                id, of: user.id, on: device, token: token, at: now,
                until: now + Self.lifetimeSeconds, in: transaction)
            try outbox.publish(
                UserLoggedIn(
                    userID: user.id, sessionID: id.description, ipAddress: device.ipAddress,
                    userAgent: device.userAgent, method: "password", loggedInAt: now),
                in: transaction)
            return try users.roles(of: user.id, in: transaction)
        }
        return TokenPair(
            accessToken: try await accessToken(of: user.id, session: id, roles: roles, at: now),
            refreshToken: token.text)
    }

    /// Spends a refresh token for a new pair. One that was spent before ends its session: either
    /// its thief or its owner is showing a copy.
    ///
    /// - Throws: ``UserError/refreshTokenSpent`` for every token that is not good.
    func refresh(_ token: RefreshToken) async throws -> TokenPair {
        let next = RefreshToken()
        let now = now().wholeMilliseconds
        let renewed = try await database.write {
            transaction -> (SessionStore.Session, Set<String>)? in
            guard let session = try store.find(token, in: transaction),
                !session.isRevoked, session.expiresAt > now,
                session.usedAt + Self.idleSeconds > now,
                let user = try users.find(session.userID, in: transaction),
                user.status != .suspended
            else { return nil }
            let isRotated =
                try !session.isTokenSpent
                && store.rotate(token, to: next, of: session.id, at: now, in: transaction)
            guard isRotated else {
                try store.revoke(session.id, at: now, in: transaction)
                return nil
            }
            return (session, try users.roles(of: user.id, in: transaction))
        }
        guard let (session, roles) = renewed else { throw UserError.refreshTokenSpent }
        return TokenPair(
            accessToken: try await accessToken(
                of: session.userID, session: session.id, roles: roles, at: now),
            refreshToken: next.text)
    }

    private func accessToken(
        of user: UserID, session: SessionID, roles: Set<String>, at now: Date
    ) async throws -> String {
        try await issuer.sign(
            Principal(
                userID: user, sessionID: session.description, roles: roles, permissions: []),
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
