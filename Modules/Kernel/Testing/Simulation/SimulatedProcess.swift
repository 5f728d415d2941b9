import EventBus
import Foundation
import Logging
import Platform
import Storage
import Synchronization

/// One life of a process: from its start to its crash or the end of the simulation.
final class SimulatedProcess: Sendable {
    private struct State {
        var isDead = false
        var pausedUntil = Duration.zero
        var task: Task<Void, Never>?
    }

    /// Which of the processes, counted from 0.
    let slot: Int
    /// The name under which it holds leases.
    let name: String
    let world: SimulatedWorld
    private let state = Mutex(State())

    init(slot: Int, life: Int, world: SimulatedWorld) {
        self.slot = slot
        name = "process \(slot), life \(life)"
        self.world = world
    }

    var isDead: Bool { state.withLock { $0.isDead } }

    /// Ends all that it does: from now on it reaches neither a disk nor the transport.
    func die() {
        let task = state.withLock { state in
            state.isDead = true
            return state.task
        }
        task?.cancel()
    }

    /// Stands still for a while, all of it.
    func pause(for duration: Duration) {
        let now = world.scheduler.now
        state.withLock { $0.pausedUntil = max($0.pausedUntil, now + duration) }
    }

    /// Runs its bus until it dies, or until it is told to stop.
    func run(_ bus: Bus) async {
        let task = Task(executorPreference: world.scheduler) { await bus.run() }
        let isDead = state.withLock { state in
            state.task = task
            return state.isDead
        }
        if isDead { task.cancel() }
        await task.value
    }

    /// Passes a point of the path of an event, or has an accident there.
    ///
    /// - Throws: ``SimulatedCrash``; `StorageError` of kind `unavailable`.
    func pass(
        _ point: AccidentPoint, of module: String, by consumers: Set<String> = []
    ) async throws {
        try await world.clock.sleep(for: world.latency())
        try await stand()
        guard let accident = world.accident(at: point, of: module, by: consumers) else { return }
        try suffer(accident)
        try await stand()
    }

    /// As ``pass(_:of:)``, where nothing can be awaited.
    func passAtOnce(
        _ point: AccidentPoint, of module: String, by consumers: Set<String>
    ) throws {
        guard !isDead else { throw SimulatedCrash() }
        guard let accident = world.accident(at: point, of: module, by: consumers) else { return }
        try suffer(accident)
    }

    /// Waits while the process stands still.
    private func stand() async throws {
        while true {
            let (isDead, until) = state.withLock { ($0.isDead, $0.pausedUntil) }
            guard !isDead else { throw SimulatedCrash() }
            let left = until - world.scheduler.now
            guard left > .zero else { return }
            try await world.clock.sleep(for: left)
        }
    }

    private func suffer(_ accident: Accident) throws {
        switch accident {
        case .crash:
            die()
            throw SimulatedCrash()
        case .failure:
            throw StorageError(kind: .unavailable, code: "simulated", detail: "away")
        case .pause:
            pause(for: world.pauseDuration())
        case .duplicate:
            preconditionFailure("a process has no duplicates; transports do")
        }
    }
}
