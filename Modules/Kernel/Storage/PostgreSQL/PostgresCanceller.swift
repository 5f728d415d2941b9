import CPostgres
import Synchronization

/// Cancels what a connection's thread is doing, from any other thread.
///
/// `PQcancel` may be called while another thread uses the connection
/// (https://www.postgresql.org/docs/15/libpq-cancel.html). It opens a connection of its own and
/// blocks until the server has closed that.
final class PostgresCanceller: Sendable {
    private struct State {
        var pointer: OpaquePointer?
        /// The job whose statements run now.
        var job: ObjectIdentifier?
    }

    private let state: Mutex<State>

    init(of connection: OpaquePointer) {
        // A copy of what is needed to cancel; it shares nothing with the connection.
        nonisolated(unsafe) let state = State(pointer: PQgetCancel(connection))
        self.state = Mutex(state)
    }

    /// From here on ``cancel(_:)`` of this job has an effect.
    func begin(_ job: AnyObject) {
        let job = ObjectIdentifier(job)
        state.withLock { $0.job = job }
    }

    /// Waits for a cancellation on its way, so that it can't hit the next job.
    func end() { state.withLock { $0.job = nil } }

    /// Cancels the job's statement, if the job is still running; blocks.
    func cancel(_ job: AnyObject) {
        let job = ObjectIdentifier(job)
        state.withLock { state in
            guard state.job == job, let pointer = state.pointer else { return }
            var message = [CChar](repeating: 0, count: 256)
            PQcancel(pointer, &message, Int32(message.count))
        }
    }

    /// The connection is closed.
    func close() {
        state.withLock { state in
            if let pointer = state.pointer { PQfreeCancel(pointer) }
            state.pointer = nil
        }
    }
}
