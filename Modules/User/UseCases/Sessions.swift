import EventBus
import Events
import Foundation
import Logging
import Platform
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
    let secrets: AccountSecrets
    let policy: LogInPolicy
    let ending: AccessEnding
    let logger: Logger
    let now: @Sendable () -> Date
    let codes: FactorCodes
    let store = SessionStore()
    let users = UserStore()
    let roles = RoleStore()
    let tokens = OneTimeTokenStore()
    let throttles = ThrottleStore()
    let devices = DeviceStore()
    /// One log-in of an account at a time, so that as many wrong passwords are counted as were
    /// tried, also of those that come at once.
    let turns = KeyedTurns(patience: .seconds(3))

    /// What a client holds after a log-in.
    struct TokenPair: Sendable {
        let accessToken: String
        let refreshToken: String
        /// Roles that need a second factor, which the session has not.
        let withheldRoles: Set<String>
    }

    /// What comes of a right password.
    enum Outcome: Sendable {
        case opened(TokenPair)
        /// The second factor is awaited, with this token.
        case factorNeeded(OneTimeToken)
    }

    /// A session that a transaction has opened or found.
    struct Open: Sendable {
        let userID: UserID
        let sessionID: SessionID
        let refreshToken: RefreshToken
        let grants: Grants
        let proof: SessionStore.Proof
    }

    /// Opens a session for a user who has proved who they are.
    func open(
        _ user: UserID, on device: Device, method: String,
        _ assurance: Principal.Assurance, at now: Date, in transaction: Transaction,
        _ ended: inout AccessEnding.Ended
    ) throws -> Open {
        // A session that is being opened is to be among those that a new password ends.
        try users.touch(user, in: transaction)
        try endSurplus(of: user, at: now, in: transaction, &ended)
        let (id, token) = (SessionID(), RefreshToken())
        try store.open(
            id, of: user, on: device, assurance, token: token, at: now,
            until: now + Self.lifetimeSeconds, in: transaction)
        let isNewDevice = try devices.remember(
            try print(of: device), of: user, at: now, in: transaction)
        try outbox.publish(
            UserLoggedIn(
                userID: user, sessionID: id.description, ipAddress: device.ipAddress,
                userAgent: device.userAgent, method: method, loggedInAt: now,
                isNewDevice: isNewDevice), in: transaction)
        return Open(
            userID: user, sessionID: id, refreshToken: token,
            grants: try grants(of: user, assurance, in: transaction),
            proof: SessionStore.Proof(at: now, assurance: assurance))
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

    /// What a session may do: roles that need a second factor only with one.
    func grants(
        of user: UserID, _ assurance: Principal.Assurance, in transaction: Transaction
    ) throws -> Grants {
        let grants = try roles.grants(of: user, in: transaction)
        guard policy.administratorsNeedFactor, assurance == .oneFactor,
            grants.roles.contains(Role.admin.name)
        else { return grants }
        return grants.without(.admin)
    }

    /// What a device is remembered as.
    func print(of device: Device) throws -> DevicePrint {
        DevicePrint(
            network: try secrets.keyedHash(of: device.network, for: "network"),
            agent: try secrets.keyedHash(of: device.userAgent ?? "", for: "agent"))
    }

    /// The tokens of a session.
    ///
    /// - Throws: `Problem` 503 in a process that was given no signing key.
    func pair(_ open: Open, at now: Date) async throws -> TokenPair {
        TokenPair(
            accessToken: try await accessToken(
                of: open.userID, open.sessionID, open.grants, open.proof, at: now),
            refreshToken: open.refreshToken.text, withheldRoles: open.grants.withheldRoles)
    }

    func accessToken(
        of user: UserID, _ session: SessionID, _ grants: Grants, _ proof: SessionStore.Proof,
        at now: Date
    ) async throws -> String {
        try await issuer.sign(
            Principal(
                userID: user, sessionID: session.description, roles: grants.roles,
                permissions: grants.permissions, authenticatedAt: proof.at,
                assurance: proof.assurance),
            at: now, lifetime: Self.accessTokenLifetime)
    }
}
