import Synchronization

/// One at a time for each key: what is done under a key never runs side by side.
///
/// A class around a `Mutex`: the critical sections are short and hold no `await`. A key is known
/// only while somebody has its turn or waits for it.
public final class KeyedTurns: Sendable {
    private struct Line {
        let turns: Turns
        var count = 0
    }

    private let patience: Duration?
    private let lines = Mutex<[String: Line]>([:])

    /// - Parameter patience: whoever waited longer is refused; `nil` waits for ever.
    public init(patience: Duration? = nil) { self.patience = patience }

    /// Waits for the key's turn, then for the work.
    ///
    /// - Parameter lineMax: refuses at once when so many wait already.
    /// - Throws: ``Overloaded``; what the work throws; `CancellationError` when cancelled before
    ///   it starts.
    public func run<Value: Sendable>(
        _ key: String, lineMax: Int = .max, _ work: () async throws -> Value
    ) async throws -> Value {
        let turns = lines.withLock { lines in
            lines[key, default: Line(turns: Turns(count: 1, patience: patience))].count += 1
            return lines[key]?.turns
        }
        defer {
            lines.withLock { lines in
                lines[key]?.count -= 1
                if lines[key]?.count == 0 { lines[key] = nil }
            }
        }
        try await turns?.take(lineMax: lineMax)
        defer { turns?.giveBack() }
        return try await work()
    }
}
