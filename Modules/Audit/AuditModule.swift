public import EventBus
import Foundation
public import Platform
public import Settings
public import Storage
public import Web

/// The trail of everything that happened, for people who must know later.
public struct AuditModule: Module {
    /// Stable: its database and its consumer `audit.trail` are called by it.
    public static let name = "audit"
    /// The trail's table, whose triggers refuse every update and delete.
    public static let migrations = [auditMigrations]

    let trail = Trail()
    let now: @Sendable () -> Date
    private let database: Database

    /// Takes the database and the clock; there is nothing to set.
    public init(settings: Settings, platform: Platform) {
        database = platform.database
        now = platform.now
    }

    /// `GET /api/v1/audit/events`, for holders of `audit:read`.
    public var routes: [Route] { AuditRoutes(database: database, trail: trail).all }

    /// Every event of every module, as `audit.trail`.
    public var subscriptions: [Subscription] { [trailSubscription] }
}
