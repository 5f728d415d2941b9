import EventBus
import Platform
import Settings
import Storage

/// The bus and the modules of one process, from its start to its end.
struct Life: Sendable {
    let process: SimulatedProcess
    let bus: Bus
    let modules: [String: any Module]
    let databases: [String: Database]
    let outboxes: [String: Outbox]

    init(
        process: SimulatedProcess, transport: any Transport, simulation: Simulation,
        environment: BusEnvironment
    ) throws {
        self.process = process
        let bus = Bus(
            registry: simulation.registry, transport: transport, environment: environment)
        var modules: [String: any Module] = [:]
        var databases: [String: Database] = [:]
        var outboxes: [String: Outbox] = [:]
        for (name, disk) in simulation.disks.sorted(by: { $0.key < $1.key }) {
            let database = Database(
                name: name, backend: SimulatedStorage(disk: disk, process: process))
            databases[name] = database
            outboxes[name] = bus.outbox(of: name, in: database)
        }
        let settings = try Settings.load(
            file: nil, flags: simulation.options.settings, environment: [:],
            catalogue: SettingsCatalogue(simulation.types.flatMap { $0.settings }))
        for type in simulation.types {
            guard let database = databases[type.name], let outbox = outboxes[type.name] else {
                continue
            }
            let module = try Self.make(
                type, settings: settings,
                platform: Platform(
                    module: type.name, database: database, outbox: outbox,
                    now: { simulation.world.now }))
            bus.subscribe(module.subscriptions, of: type.name)
            modules[type.name] = module
        }
        self.bus = bus
        self.modules = modules
        self.databases = databases
        self.outboxes = outboxes
    }

    static func make<M: Module>(
        _ type: M.Type, settings: Settings, platform: Platform
    ) throws -> M {
        try M(settings: settings, platform: platform)
    }
}
