public import EventBus
public import Events
public import Foundation
public import Platform
public import Storage
import Synchronization

/// What a scenario does and looks at.
extension Simulation {
    /// Plans an accident for the next time that a point is passed.
    ///
    /// - Parameters:
    ///   - module: at whose database or log; any when `nil`.
    ///   - consumer: in whose transactions that mark an event as handled, which are there
    ///     before and after a commit alone; anywhere when `nil`.
    ///   - count: how often the point is passed unharmed before.
    public func plan(
        _ accident: Accident, at point: AccidentPoint, of module: String? = nil,
        in consumer: String? = nil, afterPassing count: Int = 0
    ) {
        world.plan(
            PlannedAccident(
                accident: accident, point: point, module: module, consumer: consumer,
                skipCount: count))
    }

    /// How often a point was passed so far at the database or log of a module.
    public func passCount(of point: AccidentPoint, at module: String) -> Int {
        world.passCount(of: point, at: module)
    }

    /// What went wrong so far, in order.
    public var happened: [String] { world.happened }

    /// Kills every process now; each starts again a little later.
    public func crash() { killAll() }

    /// Lets virtual time pass.
    ///
    /// - Throws: `CancellationError`.
    public func wait(for duration: Duration) async throws {
        try await world.clock.sleep(for: duration)
    }

    /// The time that the modules see.
    public var now: Date { world.now }

    /// Uniform in 0..<1, from the seed.
    public func chance() -> Double { world.chance() }

    /// Publishes an event as the module that owns it would, and returns when that is acknowledged:
    /// what failed is tried again until the event is there once.
    ///
    /// - Throws: `CancellationError`.
    @discardableResult
    public func publish<E: Event>(_ event: E) async throws -> EventID {
        let publisher = registry.entry(of: E.type)?.publisher ?? Self.outside
        while true {
            let life = try await anyLife()
            guard let database = life.databases[publisher], let outbox = life.outboxes[publisher]
            else { preconditionFailure("\(publisher) is no module of the simulation") }
            let tried = Tried()
            do {
                let id = try await database.write { transaction in
                    let id = try outbox.publish(event, in: transaction)
                    tried.id = id
                    return id
                }
                acknowledge(id)
                return id
            } catch {
                try Task.checkCancellation()
                // It may have been committed although nobody said so.
                if let id = tried.id, try isInLog(id, of: publisher) {
                    acknowledge(id)
                    return id
                }
            }
            try await wait(for: .milliseconds(50))
        }
    }

    /// Calls a module of some living process, as a request would; throws when it crashes meanwhile.
    ///
    /// - Throws: what `body` throws.
    public func call<M: Module, T: Sendable>(
        _ type: M.Type, _ body: @Sendable (M) async throws -> T
    ) async throws -> T {
        let life = try await anyLife()
        guard let module = life.modules[M.name] as? M else {
            preconditionFailure("\(M.name) is no module of the simulation")
        }
        return try await body(module)
    }

    /// The databases and surroundings of the bus in some living process, for operators' tools.
    public func deadLetters() async throws -> DeadLetters {
        let life = try await anyLife()
        return DeadLetters(
            registry: registry, databases: life.databases, consumers: modulesOfConsumers,
            now: { self.world.now })
    }

    /// What consumers may hear again, through some living process.
    public func replays() async throws -> Replays {
        let life = try await anyLife()
        return Replays(
            registry: registry, databases: life.databases,
            subscriptions: life.modules.sorted { $0.key < $1.key }.flatMap { name, module in
                module.subscriptions.map { (name, $0) }
            }, now: { self.world.now })
    }

    private var modulesOfConsumers: [String: String] {
        Dictionary(
            uniqueKeysWithValues: registry.modules.flatMap { module in
                registry.consumers(of: module).map { ($0, module) }
            })
    }

    /// Lets nothing go wrong any more and time pass until all is handled that can be.
    ///
    /// - Throws: ``SimulationFailure`` when it does not come to rest within an hour.
    public func settle() async throws {
        world.calm()
        let start = world.scheduler.now
        let end = start + .seconds(3_600)
        var restfulLooks = 0
        while restfulLooks < 2 {
            // What takes long is looked at less often: a look is a dozen queries.
            try await wait(for: max(.seconds(1), (world.scheduler.now - start) / 8))
            restfulLooks = try Checker(self).isAtRest() ? restfulLooks + 1 : 0
            guard world.scheduler.now < end else {
                throw failure(["it does not come to rest: " + (try Checker(self).unrest())])
            }
        }
    }

    /// Looks at a module's database.
    ///
    /// - Throws: what `body` throws.
    public func read<T: Sendable>(
        _ module: String, _ body: (Transaction) throws -> T
    ) throws -> T {
        guard let disk = disks[module] else {
            preconditionFailure("\(module) is no module of the simulation")
        }
        return try disk.read(body)
    }

    /// Changes a module's database behind everybody's back, to see that the checker notices.
    package func tamper(with module: String, _ body: (Transaction) throws -> Void) throws {
        guard let disk = disks[module] else {
            preconditionFailure("\(module) is no module of the simulation")
        }
        try disk.write(body)
    }

    /// A digest of all that happened so far: two runs that went differently differ here.
    package var fingerprint: UInt64 { world.scheduler.fingerprint }

    /// The events of a type that were published, in the order of their commits.
    ///
    /// - Throws: `StorageError`; `DecodingError`.
    public func published<E: Event>(_ type: E.Type) throws -> [E] {
        try disks.sorted { $0.key < $1.key }.flatMap { _, disk in
            try Checker(self).events(of: disk)
        }.filter { $0.envelope.type == E.type }.map { try $0.envelope.decode(E.self) }
    }

    private func isInLog(_ id: EventID, of module: String) throws -> Bool {
        try read(module) { transaction in
            try transaction.first(
                "SELECT 1 AS one FROM outbox_events WHERE event_id = \(id)") != nil
        }
    }
}

/// The id of an event whose transaction may not have come to its end.
private final class Tried: Sendable {
    private let state = Mutex<EventID?>(nil)

    var id: EventID? {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }
}
