public import EventBus
public import Events
public import ServiceLifecycle
public import Settings
public import Storage
public import Web

/// A feature of the system: what it is, says, remembers, answers and hears, on one screen.
///
/// Modules know each other only by the events in their contracts. A module does not know which
/// transport carries its events, which engine holds its rows, or who shares its process.
public protocol Module: Sendable {
    /// Its name in configuration, logs and consumer names: `order`.
    static var name: String { get }

    /// The settings that it reads, each documented where it is declared.
    static var settings: [any DeclaredSetting] { get }

    /// The types of the events that it publishes.
    static var publishes: [any Event.Type] { get }

    /// The steps of its schema, one set for each owner of tables.
    static var migrations: [MigrationSet] { get }

    /// Puts the module together. Nothing runs yet and no table is touched.
    ///
    /// - Throws: an error that names the setting that can't work.
    init(settings: Settings, platform: Platform) throws

    /// What it answers over HTTP.
    var routes: [Route] { get }

    /// What it hears.
    var subscriptions: [Subscription] { get }

    /// What runs beside its requests and events until shutdown.
    var services: [any Service] { get }

    /// What its surroundings must offer; `flotilla check` runs them all.
    var checks: [Check] { get }
}

extension Module {
    /// None: the module reads no settings of its own.
    public static var settings: [any DeclaredSetting] { [] }
    /// None: the module only hears.
    public static var publishes: [any Event.Type] { [] }
    /// None: the module owns no tables.
    public static var migrations: [MigrationSet] { [] }
    /// None: the module answers nothing over HTTP.
    public var routes: [Route] { [] }
    /// None: the module hears nothing.
    public var subscriptions: [Subscription] { [] }
    /// None: the module does nothing unasked.
    public var services: [any Service] { [] }
    /// None: the module needs nothing beyond its database and the bus.
    public var checks: [Check] { [] }
}

/// A component that a module needs, with the way to find out whether it answers.
public struct Check: Sendable {
    /// What is checked: `mail`.
    public let name: String
    /// Returns when it answers; throws a readable error when it does not.
    public let run: @Sendable () async throws -> Void

    /// Names a check.
    public init(_ name: String, run: @escaping @Sendable () async throws -> Void) {
        self.name = name
        self.run = run
    }
}
