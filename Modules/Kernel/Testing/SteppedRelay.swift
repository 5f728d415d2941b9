import EventBus
import Synchronization

/// A relay that moves when it is told to.
final class SteppedRelay: Sendable {
    private let log: OutboxLog
    private let transport: any Transport
    private let relay: Relay
    private let position = Mutex<Int64>(0)

    init(_ log: OutboxLog, transport: any Transport, environment: BusEnvironment) {
        self.log = log
        self.transport = transport
        relay = Relay(
            log: log, transport: transport, committed: Signal(), environment: environment)
    }

    func open() async throws {
        let start = try await transport.open(log)
        position.withLock { $0 = start }
    }

    /// Relays one batch; `false` when there was none.
    func step() async throws -> Bool {
        let before = position.withLock { $0 }
        let step = try await relay.step(from: before)
        position.withLock { $0 = step.position }
        return step.position > before
    }
}
