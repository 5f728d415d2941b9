internal import Dispatch
internal import Foundation
internal import Synchronization

/// Lines on their way from many callers to the one thread that writes.
///
/// A class with a `Mutex` for the bytes and a semaphore for the thread to sleep on: callers only
/// ever copy a line, and wake the thread once a batch.
final class LogQueue: Sendable {
    struct Batch: Sendable {
        var bytes: [UInt8] = []
        var droppedCount = 0
        /// Signalled once the bytes are written.
        var waiters: [DispatchSemaphore] = []
    }

    private let byteCountMax: Int
    private let state = Mutex(State())
    private let wake = DispatchSemaphore(value: 0)

    private struct State {
        var batch = Batch()
        var isSignalled = false
        var isClosed = false
        var droppedTotal = 0
    }

    /// Lines dropped since the start.
    var droppedTotal: Int { state.withLock { $0.droppedTotal } }

    init(byteCountMax: Int) {
        self.byteCountMax = byteCountMax
    }

    /// Adds a line, or counts it as dropped.
    func append(_ line: [UInt8]) {
        change { state in
            if state.batch.bytes.count + line.count <= byteCountMax {
                state.batch.bytes += line
            } else {
                state.batch.droppedCount += 1
                state.droppedTotal += 1
            }
        }
    }

    /// A semaphore that is signalled when everything added so far was written.
    func waiter() -> DispatchSemaphore {
        let waiter = DispatchSemaphore(value: 0)
        change { $0.batch.waiters.append(waiter) }
        return waiter
    }

    /// Lets the writing thread end after the last batch.
    func close() {
        change { $0.isClosed = true }
    }

    /// Lines that come within this time are written together: waking the thread for each of them
    /// would cost its caller more than making it.
    private static let gatheringMicroseconds: UInt32 = 2_000

    /// Sleeps until there is something to write; `nil` after ``close()``. One thread calls it.
    func next() -> Batch? {
        wake.wait()
        let isAwaited = state.withLock { !$0.batch.waiters.isEmpty || $0.isClosed }
        if !isAwaited { usleep(Self.gatheringMicroseconds) }
        return state.withLock { state in
            state.isSignalled = false
            let batch = state.batch
            let isEmpty = batch.bytes.isEmpty && batch.droppedCount == 0 && batch.waiters.isEmpty
            if state.isClosed && isEmpty { return nil }
            state.batch = Batch()
            // The last batch leaves no one to wake the thread for its end.
            if state.isClosed {
                state.isSignalled = true
                wake.signal()
            }
            return batch
        }
    }

    private func change(_ body: (inout State) -> Void) {
        let mustSignal = state.withLock { state in
            body(&state)
            defer { state.isSignalled = true }
            return !state.isSignalled
        }
        if mustSignal { wake.signal() }
    }
}
