import EventBus
import Events
import Platform
import Settings
import Storage
import Synchronization

/// Fresh databases for modules. They are migrated once in a process and then copied.
enum SimulatedDisks {
    private static let templates = Mutex<[String: SimulatedDisk]>([:])

    static func fresh(for types: [any Module.Type]) async throws -> [String: SimulatedDisk] {
        var disks: [String: SimulatedDisk] = [:]
        for (name, key, sets) in [(Simulation.outside, "", [])]
            + types.map({ ($0.name, String(reflecting: $0), $0.migrations) })
        {
            let known = templates.withLock { $0[key] }
            let template: SimulatedDisk
            if let known { template = known } else { template = try await .migrated(name, sets) }
            templates.withLock { $0[key] = template }
            disks[name] = try SimulatedDisk(copying: template)
        }
        return disks
    }
}

extension Simulation {
    /// Who says and hears what, with an outsider who says what no module does.
    static func registry(_ types: [any Module.Type]) throws -> EventRegistry {
        var members = try types.map { try member($0) }
        let said = Set(members.flatMap(\.publishes).map { $0.type })
        var unsaid: [EventType: any Event.Type] = [:]
        for event in members.flatMap(\.subscriptions).flatMap({ $0.events ?? [] })
        where !said.contains(event.type) {
            unsaid[event.type] = event
        }
        // What the bus itself says has a publisher already.
        for event in Bus.events { unsaid[event.type] = nil }
        members.append(
            .init(module: outside, publishes: Array(unsaid.values), subscriptions: []))
        return try EventRegistry(members)
    }

    private static func member<M: Module>(_ type: M.Type) throws -> EventRegistry.Member {
        let module = try M(
            settings: .defaults(SettingsCatalogue(M.settings)), platform: .describing(M.name))
        return EventRegistry.Member(
            module: M.name, publishes: M.publishes, subscriptions: module.subscriptions)
    }
}
