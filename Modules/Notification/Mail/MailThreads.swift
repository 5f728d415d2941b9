import Foundation
import Synchronization

/// Runs blocking work on threads of its own, so many at a time.
///
/// A thread lives for one piece of work: starting one costs microseconds beside a dialogue of
/// milliseconds, and there is no pool to shut down. The caller waits for its thread, so no thread
/// outlives the task it works for.
struct MailThreads: Sendable {
    private let slots: MailSlots

    init(countMax: Int) {
        slots = MailSlots(count: countMax)
    }

    /// Waits for a free slot, then for the work.
    /// - Throws: what the work throws; `CancellationError` when cancelled before it starts.
    func run<Value: Sendable>(
        _ work: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await slots.take()
        defer { slots.giveBack() }
        return try await withCheckedThrowingContinuation { continuation in
            let thread = Thread { continuation.resume(with: Result(catching: work)) }
            thread.name = "mail"
            thread.start()
        }
    }
}

/// A fixed number of slots; who finds none free waits in line.
///
/// A class around a `Mutex`: the critical sections are short and hold no `await`.
final class MailSlots: Sendable {
    private let state: Mutex<State>

    init(count: Int) {
        precondition(count > 0, "without a slot nothing ever runs")
        state = Mutex(State(freeCount: count))
    }

    /// Takes a slot. Every return is matched by one ``giveBack()``.
    /// - Throws: `CancellationError`, and then no slot was taken.
    func take() async throws {
        let ticket = state.withLock { state in
            state.lastTicket += 1
            return state.lastTicket
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                // Asked under the lock: a cancellation that found nobody in line shows here.
                let answer = state.withLock { $0.admit(ticket, continuation) }
                if let answer { continuation.resume(with: answer) }
            }
        } onCancel: {
            state.withLock { $0.leave(ticket) }?.resume(throwing: CancellationError())
        }
    }

    /// Hands the slot to the first in line.
    func giveBack() {
        state.withLock { $0.next() }?.resume()
    }

    private typealias Waiter = CheckedContinuation<Void, any Error>

    private struct State {
        var freeCount: Int
        var lastTicket = 0
        var line: [(ticket: Int, waiter: Waiter)] = []

        mutating func admit(_ ticket: Int, _ waiter: Waiter) -> Result<Void, any Error>? {
            if Task.isCancelled { return .failure(CancellationError()) }
            if freeCount > 0 {
                freeCount -= 1
                return .success(())
            }
            line.append((ticket, waiter))
            return nil
        }

        mutating func leave(_ ticket: Int) -> Waiter? {
            line.firstIndex { $0.ticket == ticket }.map { line.remove(at: $0).waiter }
        }

        mutating func next() -> Waiter? {
            guard line.isEmpty else { return line.removeFirst().waiter }
            freeCount += 1
            return nil
        }
    }
}
