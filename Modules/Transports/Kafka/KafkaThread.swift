import Dispatch
import Foundation
import Synchronization

/// A thread of its own for calls that block, one after the other.
///
/// librdkafka hands what has come to whoever polls, and polling blocks.
final class KafkaThread: Sendable {
    private final class Queue: Sendable {
        private let jobs = Mutex<[@Sendable () -> Void]>([])
        private let bell = DispatchSemaphore(value: 0)

        func add(_ job: @escaping @Sendable () -> Void) {
            jobs.withLock { $0.append(job) }
            bell.signal()
        }

        func end() { bell.signal() }

        /// Blocks; `nil` when there will be none.
        func next() -> (@Sendable () -> Void)? {
            bell.wait()
            return jobs.withLock { $0.isEmpty ? nil : $0.removeFirst() }
        }
    }

    private let queue = Queue()

    init(name: String) {
        let queue = queue
        let thread = Thread {
            while let job = queue.next() { job() }
        }
        thread.name = name
        thread.start()
    }

    /// The thread ends after the jobs that it has.
    deinit { queue.end() }

    /// Runs a blocking call there.
    ///
    /// - Throws: what the call throws.
    func run<T: Sendable>(_ work: @escaping @Sendable () throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            queue.add { continuation.resume(with: Result { try work() }) }
        }
    }
}
