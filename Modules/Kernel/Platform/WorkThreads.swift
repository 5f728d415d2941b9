import Foundation

/// Runs blocking work on threads of its own, so many at a time; the rest waits in line.
///
/// A thread lives for one piece of work: starting one costs microseconds beside work of
/// milliseconds, and there is no pool to shut down. The caller waits for its thread, so no thread
/// outlives the task it works for.
public struct WorkThreads: Sendable {
    private let name: String
    private let turns: Turns

    /// - Parameters:
    ///   - name: that of the threads, as debuggers show it.
    ///   - countMax: pieces of work at a time.
    ///   - patience: whoever waited longer is refused instead of begun; `nil` waits for ever.
    public init(name: String, countMax: Int, patience: Duration? = nil) {
        self.name = name
        turns = Turns(count: countMax, patience: patience)
    }

    /// Waits for a turn, then for the work.
    ///
    /// - Parameter lineMax: refuses at once when so many wait already.
    /// - Throws: ``Overloaded``; what the work throws; `CancellationError` when cancelled before
    ///   it starts.
    public func run<Value: Sendable>(
        lineMax: Int = .max, _ work: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await turns.take(lineMax: lineMax)
        defer { turns.giveBack() }
        return try await withCheckedThrowingContinuation { continuation in
            let thread = Thread { continuation.resume(with: Result(catching: work)) }
            thread.name = name
            thread.start()
        }
    }
}

/// Too much work waits already, or waited for too long.
public struct Overloaded: Error, Hashable {}
