public import Events
import Foundation
public import Platform
public import Settings
public import Storage
import UserContract
public import Web

/// Accounts, log-ins and profiles.
public struct UserModule: Module {
    /// Stable: its database and `user.events` are called by it.
    public static let name = "user"
    /// Issuer and audience of access tokens, and the threads that hash passwords.
    public static let settings: [any DeclaredSetting] = [
        AuthSettings.issuer, AuthSettings.audience, hashingThreads, passwordLengthMin,
        failureFloor,
    ]
    /// What happens to accounts, log-ins, passwords, profiles and roles.
    public static let publishes: [any Event.Type] = [
        UserRegistered.self, UserLoggedIn.self, UserLoginFailed.self, UserPasswordChanged.self,
        UserProfileUpdated.self, UserDeleted.self,
        RoleCreated.self, UserRoleAssigned.self, UserRoleRevoked.self,
        UserSessionsEnded.self, UserAccountStatusChanged.self,
    ]
    /// Users with their roles, sessions and refresh tokens.
    public static let migrations = [userMigrations]

    private static let hashingThreads = Setting<Int>.int(
        "user.hashingThreads", default: 0, in: 0...64,
        "Threads that hash passwords, each a core and 19 MiB; 0: one less than there are cores.")

    private static let passwordLengthMin = Setting<Int>.int(
        "user.passwordLengthMin", default: 12, in: 8...64,
        "The fewest characters of a new password; 15 are advised where it is the only factor.")
    private static let failureFloor = Setting<Duration>.duration(
        "user.failureFloor", default: .milliseconds(350), in: .zero ... .seconds(5),
        "A log-in that fails is not answered sooner, so that the time does not tell why: longer"
            + " than the slowest of the stored hashes takes.")

    private let users: Users
    private let sessions: Sessions
    private let hasher: PasswordHasher
    private let publicKeys: [JSONWebKey]

    /// Takes the signing key too; without one, log-ins are answered 503.
    public init(settings: Settings, platform: Platform) {
        let coresToSpare = max(1, ProcessInfo.processInfo.activeProcessorCount - 1)
        let threadCount = settings[Self.hashingThreads]
        hasher = PasswordHasher(threadCount: threadCount == 0 ? coresToSpare : threadCount)
        let ending = AccessEnding(
            database: platform.database, outbox: platform.outbox,
            endedAccess: platform.endedAccess, now: platform.now)
        users = Users(
            database: platform.database, outbox: platform.outbox, hasher: hasher,
            policy: PasswordPolicy(lengthMin: settings[Self.passwordLengthMin]),
            now: platform.now, ending: ending)
        sessions = Sessions(
            database: platform.database, outbox: platform.outbox, hasher: hasher,
            issuer: TokenIssuer(
                key: platform.signingKey, issuer: settings[AuthSettings.issuer],
                audience: settings[AuthSettings.audience]),
            failureFloor: FailureFloor(settings[Self.failureFloor]), ending: ending,
            logger: platform.logger, now: platform.now)
        publicKeys = [platform.signingKey?.publicKey.jwk].compactMap { $0 }
    }

    /// Registration, log-ins, the caller's own account, and the public signing keys.
    public var routes: [Route] {
        UserRoutes(users: users, sessions: sessions, publicKeys: publicKeys).all
            + RoleRoutes(roles: Roles(users: users)).all
    }

    /// Whether passwords can be hashed as they should be.
    public var checks: [Check] { [Check("passwords") { [hasher] in try await hasher.check() }] }

    /// Creates or promotes an administrator; for the command line.
    ///
    /// - Returns: a sentence about what was done.
    /// - Throws: `Problem` 422 when the address or password does not do; `StorageError`.
    public func createAdministrator(email: String, password: String) async throws -> String {
        let (user, isNew) = try await users.createAdministrator(
            try administrator(email: email, password: password))
        return isNew
            ? "created administrator \(user.id)"
            : user.status == .pendingVerification
                ? "user \(user.id) is an administrator now, with the given password"
                : "user \(user.id) is an administrator; the password is unchanged"
    }

    private func administrator(email: String, password: String) throws -> Registration {
        guard let address = EmailAddress(email) else {
            throw Problem.invalid([.init(pointer: "/email", detail: "must be an e-mail address")])
        }
        return Registration(
            email: address, password: Password(password),
            profile: Profile(firstName: "Administrator", lastName: "Flotilla"))
    }
}
