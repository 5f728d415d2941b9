public import EventBus
import Foundation
public import Platform
public import Settings
public import Storage
public import Web

/// The trail of everything that happened, for people who must know later.
public struct AuditModule: Module {
    public static let name = "audit"
    public static let migrations = [auditMigrations]

    let trail = Trail()
    let now: @Sendable () -> Date
    private let database: Database

    public init(settings: Settings, platform: Platform) {
        database = platform.database
        now = platform.now
    }

    public var routes: [Route] { AuditRoutes(database: database, trail: trail).all }

    public var subscriptions: [Subscription] { [trailSubscription] }
}
