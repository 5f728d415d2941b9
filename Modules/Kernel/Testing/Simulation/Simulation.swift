public import EventBus
import Events
import Foundation
public import Platform
import Settings
import Storage
import Synchronization
import Web

/// Modules in a world whose time, order of events and accidents all come from a seed.
///
/// The modules, the outbox, the relays, the consumers and the inboxes are the real ones, on real
/// SQLite; the scheduler, the clock and the transport are simulated. Processes crash, stand still
/// and come back, storages fail, transports repeat. At the end nothing goes wrong any more, what is
/// to be handled is handled, and a checker goes over the record of all that was done: the
/// guarantees G1 to G5 hold, or the run throws ``SimulationFailure`` with the seed, which shows the
/// same failure again.
///
/// ```swift
/// try await Simulation.run([OrderModule.self], seed: 7) { simulation in
///     simulation.plan(.crash, at: .beforeCommit, of: "order")
///     try await simulation.publish(UserRegistered(…))
///     try await simulation.settle()
///     #expect(try simulation.published(OrderCreated.self).count == 1)
/// }
/// ```
///
/// A module under simulation must take time and chance from its platform, and may not leave the
/// scheduler: no `Task {}`, no threads, no sockets.
public final class Simulation: Sendable {
    /// What carries events between modules.
    public enum Carrier: String, Sendable, CaseIterable {
        /// Each process reads the logs itself.
        case inProcess
        /// A broker with partitions, which repeats batches and mixes keys anew.
        case broker
    }

    /// What kind of world it is.
    public struct Options: Sendable {
        /// How many processes run the same modules on the same databases.
        public var processCount = 1
        /// What carries events between modules.
        public var carrier = Carrier.inProcess
        /// What goes wrong by chance; ``Simulation/plan(_:at:of:afterPassing:)`` adds to it.
        public var accidents = Accidents.none
        /// How patient consumers are.
        public var retry = RetryPolicy(
            attemptCountMax: 4, initialDelay: .milliseconds(50), delayMax: .seconds(1))
        /// Parked events that a consumer may have.
        public var parkedCountMax = 100_000
        /// How long leases last; processes stand still for about as long.
        public var leaseDuration = Duration.seconds(3)
        /// The longest time between two looks at what nobody told of. In worlds where hours pass,
        /// most of the work is to look in vain.
        public var pollInterval = Duration.seconds(2)
        /// Values by key, as a configuration file would give them.
        public var settings: [String: String] = [:]

        /// One process, nothing goes wrong.
        public init() {}
    }

    let world: SimulatedWorld
    let types: [any Module.Type]
    /// What kind of world it is.
    public let options: Options
    let registry: EventRegistry
    let disks: [String: SimulatedDisk]
    private let broker: SimulatedBroker
    private let state = Mutex(State())

    private struct State {
        var lives: [Life?] = []
        var lifeCount = 0
        var isOver = false
        var acknowledged: [EventID] = []
    }

    /// The publisher of events that no module of the simulation publishes.
    static let outside = "outside"

    private init(
        _ types: [any Module.Type], options: Options, scheduler: SeededScheduler
    ) async throws {
        var bus = BusSettings()
        bus.retry = options.retry
        bus.parkedCountMax = options.parkedCountMax
        bus.leaseDuration = options.leaseDuration
        bus.pollInterval = options.pollInterval
        bus.batchCountMax = 8
        bus.windowCountMax = 16
        world = SimulatedWorld(scheduler: scheduler, accidents: options.accidents, bus: bus)
        self.types = types
        self.options = options
        registry = try Self.registry(types)
        broker = SimulatedBroker(world: world)
        disks = try await SimulatedDisks.fresh(for: types)
        state.withLock { $0.lives = Array(repeating: nil, count: options.processCount) }
    }

    /// Runs a scenario from one seed and checks what came of it.
    ///
    /// - Throws: ``SimulationFailure`` when a guarantee does not hold, the world does not come to
    ///   rest, or the scenario throws.
    public static func run(
        _ types: [any Module.Type], seed: UInt64, options: Options = Options(),
        scenario: @escaping @Sendable (Simulation) async throws -> Void
    ) async throws {
        do {
            try await SeededScheduler.run(seed: seed, stepCountMax: 300_000) { scheduler in
                let simulation = try await Simulation(
                    types, options: options, scheduler: scheduler)
                try await simulation.perform(scenario)
            }
        } catch let failure as SimulationFailure {
            throw failure
        } catch {
            throw SimulationFailure(
                seed: seed, violations: ["\(error)"], accidents: [], underlying: error)
        }
    }

    private func perform(
        _ scenario: @Sendable (Simulation) async throws -> Void
    ) async throws {
        let slots = try (0..<options.processCount).map { slot in
            let life = try startLife(in: slot)
            return Task(executorPreference: world.scheduler) { await self.supervise(life) }
        }
        let outcome: Result<Void, any Error>
        do {
            try await scenario(self)
            try await settle()
            outcome = .success(())
        } catch {
            outcome = .failure(error)
        }
        let lives = state.withLock { state in
            state.isOver = true
            return state.lives
        }
        for life in lives { life?.bus.stop() }
        for slot in slots { await slot.value }
        try outcome.get()
        let violations = try Checker(self).violations()
        if !violations.isEmpty { throw failure(violations) }
    }

    func failure(_ violations: [String]) -> SimulationFailure {
        SimulationFailure(
            seed: world.scheduler.seed, violations: violations, accidents: world.happened)
    }

    // MARK: - Processes

    /// Runs one process after the other in a slot: each crash is followed by a new start.
    private func supervise(_ first: Life) async {
        var life = first
        while true {
            await life.process.run(life.bus)
            if state.withLock({ $0.isOver }) { return }
            state.withLock { $0.lives[life.process.slot] = nil }
            try? await world.clock.sleep(for: .milliseconds(Int(world.chance() * 2_000)))
            guard !state.withLock({ $0.isOver }), let next = try? startLife(in: life.process.slot)
            else { return }
            life = next
        }
    }

    private func startLife(in slot: Int) throws -> Life {
        let number = state.withLock { state in
            state.lifeCount += 1
            return state.lifeCount
        }
        let process = SimulatedProcess(slot: slot, life: number, world: world)
        let carrier: any Transport =
            switch options.carrier {
            case .inProcess: InProcessTransport(topics: registry.publishersByTopic)
            case .broker: broker
            }
        let life = try Life(
            process: process, transport: AccidentProneTransport(base: carrier, process: process),
            simulation: self,
            environment: world.environment(of: process) { [weak self] holder in
                self?.isGone(holder) ?? false
            })
        state.withLock { $0.lives[slot] = life }
        return life
    }

    private func isGone(_ holder: String) -> Bool {
        !state.withLock { state in
            state.lives.contains { $0?.process.name == holder && $0?.process.isDead == false }
        }
    }

    /// A process that lives, chosen by the seed; waits for one to start when all are down.
    func anyLife() async throws -> Life {
        while true {
            let lives = state.withLock { $0.lives.compactMap(\.self) }
                .filter { !$0.process.isDead }
            if !lives.isEmpty {
                return lives[Int(world.chance() * Double(lives.count))]
            }
            try await world.clock.sleep(for: .milliseconds(100))
        }
    }

    func acknowledge(_ id: EventID) { state.withLock { $0.acknowledged.append(id) } }

    var acknowledged: [EventID] { state.withLock { $0.acknowledged } }

    func killAll() { for life in state.withLock({ $0.lives }) { life?.process.die() } }
}

/// A guarantee that does not hold, with what is needed to see it again.
public struct SimulationFailure: Error, CustomStringConvertible {
    /// Shows the same failure again.
    public let seed: UInt64
    /// What is wrong.
    public let violations: [String]
    /// What had gone wrong on purpose, in order.
    public let accidents: [String]
    /// What the scenario threw, if it did.
    public var underlying: (any Error)?

    /// The seed first.
    public var description: String {
        "seed \(seed): " + violations.prefix(10).joined(separator: "; ")
            + (accidents.isEmpty ? "" : " — after " + accidents.joined(separator: ", "))
    }
}
