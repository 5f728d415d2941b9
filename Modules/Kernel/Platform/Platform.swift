public import EventBus
public import Foundation
public import Logging
public import Settings
public import Storage
public import Web

/// What the kernel gives a module: its own database, its outbox, and the surroundings.
public struct Platform: Sendable {
    /// The module's own database; no other module sees it.
    public let database: Database
    /// Where it publishes.
    public let outbox: Outbox
    /// Logs under the module's name.
    public let logger: Logger
    /// The current time. Tests set it.
    public let now: @Sendable () -> Date
    /// The current time as all processes have it that share the database: the server's own on
    /// PostgreSQL. For what expires. Tests set it together with ``now``.
    public let sharedNow: @Sendable (Transaction) throws -> Date
    /// What access tokens are signed with; only the process that runs User has it.
    public let signingKey: SigningKey?
    /// Further keys that tokens may be signed with: the next one before its time, and the last one
    /// until its tokens have ended.
    public let otherKeys: [VerificationKey]
    /// What User keeps its accounts' secrets with; only the process that runs User has it.
    public let secrets: SealingKeys?
    /// What User seals for Notification, and Notification opens; `nil` in other processes.
    public let sealing: SealingKeys?
    /// Whether insecure defaults are refused.
    public let isProduction: Bool
    /// Whose access tokens this process no longer takes. Who ends sessions says so here, for the
    /// next request, and in an event, for the other processes.
    public let endedAccess: EndedAccess

    /// Puts the surroundings of a module together.
    public init(
        module: String, database: Database, outbox: Outbox,
        now: (@Sendable () -> Date)? = nil, signingKey: SigningKey? = nil,
        otherKeys: [VerificationKey] = [], secrets: SealingKeys? = nil,
        sealing: SealingKeys? = nil, isProduction: Bool = false,
        endedAccess: EndedAccess = EndedAccess()
    ) {
        self.database = database
        self.outbox = outbox
        self.now = now ?? { Date() }
        sharedNow = { transaction in try now?() ?? transaction.serverTime() }
        self.signingKey = signingKey
        self.otherKeys = otherKeys
        self.secrets = secrets
        self.sealing = sealing
        self.isProduction = isProduction
        self.endedAccess = endedAccess
        var logger = Logger(label: "flotilla.\(module)")
        logger[metadataKey: "module"] = "\(module)"
        self.logger = logger
    }
}

extension Platform {
    /// The surroundings of a module that is only described: nothing in them works.
    public static func describing(_ module: String) -> Platform {
        Platform(
            module: module, database: .absent(module), outbox: .unheard(module: module))
    }
}

/// The names that access tokens are issued and accepted under.
public enum AuthSettings {
    /// `iss` of every access token.
    public static let issuer = Setting<String>.string(
        "auth.issuer", default: "flotilla", "Issuer (iss) of access tokens.")
    /// `aud` of every access token.
    public static let audience = Setting<String>.string(
        "auth.audience", default: "flotilla-api", "Audience (aud) of access tokens.")
}
