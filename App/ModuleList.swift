import Audit
import EventBus
import EventCatalogue
import Events
import Gateway
import Notification
import Order
import Payment
import Platform
import Product
import Search
import Settings
import User
import Web

/// Every module of the program, once, and what they declare before anything runs.
struct ModuleList: Sendable {
    static let types: [any Module.Type] = [
        UserModule.self, ProductModule.self, OrderModule.self, PaymentModule.self,
        NotificationModule.self, SearchModule.self, AuditModule.self,
    ]

    /// Who says and hears what.
    let registry: EventRegistry
    /// Every key that the program knows.
    let catalogue: SettingsCatalogue
    /// The module of each consumer.
    let modulesOfConsumers: [String: String]
    /// The patience of consumers that have one of their own.
    let retriesOfConsumers: [String: RetryPolicy]

    /// Describes the modules.
    ///
    /// - Throws: `RegistryError` when their declarations contradict each other.
    init() throws {
        let members = try Self.types.map { try Self.member($0) }
        registry = try EventRegistry(members)
        modulesOfConsumers = Dictionary(
            uniqueKeysWithValues: members.flatMap { member in
                member.subscriptions.map { ($0.consumer, member.module) }
            })
        retriesOfConsumers = Dictionary(
            uniqueKeysWithValues: members.flatMap(\.subscriptions).compactMap { subscription in
                subscription.retry.map { (subscription.consumer, $0) }
            })
        catalogue = SettingsCatalogue(
            AppSettings.all, Self.types.flatMap { $0.settings },
            Self.types.map { storageURL(of: $0.name) as any DeclaredSetting },
            GatewaySettings.declared(modules: Self.names),
            modulesOfConsumers.keys.sorted().flatMap { ConsumerSettings(consumer: $0).all },
            otherVariables: [AdminCommand.passwordVariable])
    }

    /// The event types, for the documents about them.
    var eventCatalogue: EventCatalogue {
        EventCatalogue(
            registry.entries.map { entry in
                EventCatalogue.Entry(
                    event: entry.event, publisher: entry.publisher,
                    sources: entry.sources.map { "/flotilla/\($0)" }, consumers: entry.consumers)
            }, title: "Flotilla", version: Version.current)
    }

    private static func member<M: Module>(_ type: M.Type) throws -> EventRegistry.Member {
        let module = try M(
            settings: .defaults(SettingsCatalogue(M.settings)), platform: .describing(M.name))
        return EventRegistry.Member(
            module: M.name, publishes: M.publishes,
            subscriptions: Composition.subscriptions(of: module, EndedAccess()))
    }

    /// The modules that the configuration names.
    ///
    /// - Throws: ``Complaint`` for a name that is none.
    static func selected(by settings: Settings) throws -> [any Module.Type] {
        let names = settings[AppSettings.modules]
        if names == ["all"] { return types }
        if try runsGateway(settings) { return [] }
        guard !names.isEmpty else { throw Complaint("modules: names no module; all runs them all") }
        let known = types.map { $0.name }
        for name in names where !known.contains(name) {
            throw Complaint.noModule(name, of: "modules", among: known)
        }
        return types.filter { names.contains($0.name) }
    }
}
