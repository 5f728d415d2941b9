import EventBus
import Foundation
import Logging
import Synchronization

/// What all processes of a simulation share: time, chance, and what goes wrong.
final class SimulatedWorld: Sendable {
    private struct State {
        var accidents: Accidents
        var planned: [PlannedAccident] = []
        var happened: [String] = []
        var passCounts: [String: Int] = [:]
    }

    let scheduler: SeededScheduler
    let bus: BusSettings
    /// When the simulation begins: 2026-01-01T12:00:00Z.
    private static let start = Date(timeIntervalSince1970: 1_767_268_800)
    private let state: Mutex<State>

    init(scheduler: SeededScheduler, accidents: Accidents, bus: BusSettings) {
        self.scheduler = scheduler
        self.bus = bus
        state = Mutex(State(accidents: accidents))
    }

    var clock: VirtualClock { scheduler.clock }

    /// The time that the code under test sees.
    var now: Date {
        Self.start + (scheduler.now / .microseconds(1)).rounded() / 1_000_000
    }

    func chance() -> Double { scheduler.random { Double.random(in: 0..<1, using: &$0) } }

    func latency() -> Duration {
        .microseconds(scheduler.random { Int.random(in: 50...2_000, using: &$0) })
    }

    /// Longer than a lease lasts, mostly.
    func pauseDuration() -> Duration { bus.leaseDuration * (0.3 + 2 * chance()) }

    func plan(_ accident: PlannedAccident) { state.withLock { $0.planned.append(accident) } }

    /// From now on only what was planned goes wrong.
    func calm() { state.withLock { $0.accidents = .none } }

    /// Whether an accident is planned for a consumer, so that it must be known whose turn it is.
    var asksForConsumers: Bool { state.withLock { $0.planned.contains { $0.consumer != nil } } }

    func passCount(of point: AccidentPoint, at module: String) -> Int {
        state.withLock { $0.passCounts["\(point) \(module)"] ?? 0 }
    }

    /// What goes wrong at a point that is being passed, if something does.
    ///
    /// - Parameter consumers: those that handle an event in the transaction.
    func accident(
        at point: AccidentPoint, of module: String, by consumers: Set<String>
    ) -> Accident? {
        let drawn = chance()
        let pick = chance()
        let time = scheduler.now
        return state.withLock { state in
            state.passCounts["\(point) \(module)", default: 0] += 1
            var accident: Accident?
            if let index = state.planned.firstIndex(where: {
                $0.accident != .duplicate && $0.point == point
                    && ($0.module ?? module) == module
                    && ($0.consumer.map(consumers.contains) ?? true)
            }) {
                if state.planned[index].skipCount > 0 {
                    state.planned[index].skipCount -= 1
                } else {
                    accident = state.planned.remove(at: index).accident
                }
            } else if drawn < state.accidents.probability {
                let kinds = state.accidents.kinds(at: point)
                if !kinds.isEmpty { accident = kinds[Int(pick * Double(kinds.count))] }
            }
            if let accident {
                state.happened.append(
                    "\(time): \(accident) \(point) at \(module)")
            }
            return accident
        }
    }

    /// Whether the transport repeats what it is given.
    func isDuplicated() -> Bool {
        let drawn = chance()
        return state.withLock { state in
            if let index = state.planned.firstIndex(where: { $0.accident == .duplicate }) {
                guard state.planned[index].skipCount == 0 else {
                    state.planned[index].skipCount -= 1
                    return false
                }
                state.planned.remove(at: index)
                state.happened.append("\(scheduler.now): duplicate")
                return true
            }
            // Duplicates cost nothing but themselves: there are many more than other accidents.
            let isDuplicated =
                state.accidents.kinds.contains(.duplicate)
                && drawn < min(10 * state.accidents.probability, 0.5)
            if isDuplicated { state.happened.append("\(scheduler.now): duplicate") }
            return isDuplicated
        }
    }

    /// What went wrong so far, for the message of a failure.
    var happened: [String] { state.withLock { $0.happened } }

    /// The surroundings of one process's bus.
    func environment(
        of process: SimulatedProcess, isHolderGone: @escaping @Sendable (String) -> Bool
    ) -> BusEnvironment {
        BusEnvironment(
            settings: bus, clock: clock, now: { self.now }, uptime: { self.scheduler.now },
            chance: { self.chance() }, executor: scheduler, holder: process.name,
            isHolderGone: isHolderGone,
            makeLogger: { Logger(label: $0, factory: { _ in SwiftLogNoOpLogHandler() }) })
    }
}
