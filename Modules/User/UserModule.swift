public import Events
import Foundation
public import Platform
public import Settings
public import Storage
import UserContract
public import Web

/// Accounts: who somebody is, how they prove it, what they may do, what they tell of themselves.
public struct UserModule: Module {
    /// Stable: its database and `user.events` are called by it.
    public static let name = "user"
    /// Issuer and audience of access tokens, and how log-ins are bounded.
    public static let settings: [any DeclaredSetting] =
        [AuthSettings.issuer, AuthSettings.audience] + UserSettings.all
    /// What happens to accounts, log-ins, passwords, factors, profiles, addresses, roles and keys.
    public static let publishes: [any Event.Type] = [
        UserRegistered.self, UserRegistrationRepeated.self, UserEmailVerified.self,
        UserEmailVerificationRequested.self, UserEmailChangeRequested.self,
        UserEmailChanged.self, UserLoggedIn.self, UserLoginFailed.self,
        UserPasswordChanged.self, UserPasswordResetRequested.self, MfaStatusChanged.self,
        UserProfileUpdated.self, UserAddressAdded.self, UserAddressUpdated.self,
        UserAddressDeleted.self, UserDeleted.self, RoleCreated.self, UserRoleAssigned.self,
        UserRoleRevoked.self, UserSessionsEnded.self, UserAccountStatusChanged.self,
        APIKeyCreated.self, APIKeyRevoked.self,
    ]
    /// Users with all that is theirs, and the keys of idempotent requests.
    public static let migrations = [userMigrations, Idempotency.migrations]

    private let users: Users
    private let sessions: Sessions
    private let resets: PasswordResets
    private let hasher: PasswordHasher
    private let idempotency: Idempotency
    private let publicKeys: [JSONWebKey]

    /// Takes the keys too; without them, what needs them is answered 503.
    public init(settings: Settings, platform: Platform) {
        let threadCount = settings[UserSettings.hashingThreads]
        let coresToSpare = max(1, ProcessInfo.processInfo.activeProcessorCount - 1)
        hasher = PasswordHasher(threadCount: threadCount == 0 ? coresToSpare : threadCount)
        let policy = UserSettings.logInPolicy(settings, isProduction: platform.isProduction)
        let secrets = AccountSecrets(platform.secrets)
        let codes = FactorCodes(secrets: secrets)
        let ending = AccessEnding(
            database: platform.database, outbox: platform.outbox,
            endedAccess: platform.endedAccess, now: platform.now)
        users = Users(
            database: platform.database, outbox: platform.outbox, hasher: hasher,
            policy: UserSettings.passwordPolicy(settings),
            now: platform.now, ending: ending, secrets: secrets,
            mailed: MailedTokens(sealing: platform.sealing),
            reauthentication: Reauthentication(
                database: platform.database, hasher: hasher, codes: codes, now: platform.now),
            logInPolicy: policy)
        sessions = Sessions(
            database: platform.database, outbox: platform.outbox, hasher: hasher,
            issuer: TokenIssuer(
                key: platform.signingKey, issuer: settings[AuthSettings.issuer],
                audience: settings[AuthSettings.audience]),
            secrets: secrets, policy: policy, ending: ending, logger: platform.logger,
            now: platform.now, codes: codes)
        resets = PasswordResets(
            users: users, requests: UserSettings.resetLimit(settings),
            floor: policy.failureFloor)
        idempotency = Idempotency(now: platform.now)
        LogInMetrics.register()
        publicKeys =
            [platform.signingKey?.publicKey.jwk].compactMap(\.self)
            + platform.otherKeys.map(\.jwk)
    }

    /// Accounts, log-ins, what proves who somebody is, addresses, roles, and keys of services.
    public var routes: [Route] {
        let factors = SecondFactors(users: users, sessions: sessions)
        let addresses = Addresses(
            database: users.database, outbox: users.outbox, now: users.now)
        let exports = Exports(users: users, sessions: sessions, addresses: addresses)
        return UserRoutes(users: users, exports: exports, publicKeys: publicKeys).all
            + SessionRoutes(sessions: sessions, factors: factors).all
            + IdentityRoutes(
                users: users, verifications: EmailVerifications(users: users), resets: resets,
                emailChanges: EmailChanges(users: users), factors: factors
            ).all
            + AddressRoutes(addresses: addresses, idempotency: idempotency).all
            + RoleRoutes(roles: Roles(users: users)).all
            + APIKeyRoutes(keys: APIKeys(users: users, sessions: sessions)).all
            + AccountPages(passwordLengthMin: users.policy.lengthMin).routes
    }

    /// Whether passwords can be hashed as they should be, and looked up where there is a list.
    public var checks: [Check] {
        [Check("passwords") { [hasher] in try await hasher.check() }]
            + [users.policy.breached].compactMap(\.self).map { list in
                Check("user.breachedPasswords") { try await list.check() }
            }
    }

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
