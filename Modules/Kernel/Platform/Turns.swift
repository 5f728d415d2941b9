import Synchronization

/// A fixed number of turns; who finds none free waits in line.
///
/// A class around a `Mutex`: the critical sections are short and hold no `await`.
final class Turns: Sendable {
    private let patience: Duration?
    private let state: Mutex<State>

    init(count: Int, patience: Duration? = nil) {
        precondition(count > 0, "without a turn nothing ever runs")
        self.patience = patience
        state = Mutex(State(freeCount: count))
    }

    var waitingCount: Int { state.withLock { $0.line.count } }

    /// Takes a turn. Every return is matched by one ``giveBack()``.
    ///
    /// - Throws: ``Overloaded``; `CancellationError`. No turn was taken then.
    func take(lineMax: Int = .max) async throws {
        let ticket = state.withLock { state in
            state.lastTicket += 1
            return state.lastTicket
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                // Asked under the lock: a cancellation that found nobody in line shows here.
                let answer = state.withLock { $0.admit(ticket, continuation, lineMax) }
                if let answer { continuation.resume(with: answer) }
            }
        } onCancel: {
            state.withLock { $0.leave(ticket) }?.resume(throwing: CancellationError())
        }
    }

    /// Hands the turn to the first in line whose patience has lasted.
    func giveBack() {
        let (next, tooLate) = state.withLock { $0.next(since: patience.map { .now - $0 }) }
        for waiter in tooLate { waiter.resume(throwing: Overloaded()) }
        next?.resume()
    }

    private typealias Waiter = CheckedContinuation<Void, any Error>

    private struct Place {
        let ticket: Int
        let since: ContinuousClock.Instant
        let waiter: Waiter
    }

    private struct State {
        var freeCount: Int
        var lastTicket = 0
        var line: [Place] = []

        mutating func admit(
            _ ticket: Int, _ waiter: Waiter, _ lineMax: Int
        ) -> Result<Void, any Error>? {
            if Task.isCancelled { return .failure(CancellationError()) }
            if freeCount > 0 {
                freeCount -= 1
                return .success(())
            }
            guard line.count < lineMax else { return .failure(Overloaded()) }
            line.append(Place(ticket: ticket, since: .now, waiter: waiter))
            return nil
        }

        mutating func leave(_ ticket: Int) -> Waiter? {
            line.firstIndex { $0.ticket == ticket }.map { line.remove(at: $0).waiter }
        }

        mutating func next(
            since: ContinuousClock.Instant?
        ) -> (next: Waiter?, tooLate: [Waiter]) {
            let tooLate = since.map { since in line.prefix { $0.since < since } } ?? []
            line.removeFirst(tooLate.count)
            let next = line.isEmpty ? nil : line.removeFirst().waiter
            if next == nil { freeCount += 1 }
            return (next, tooLate.map(\.waiter))
        }
    }
}
