/// Work took longer than it may.
public struct TimedOut: Error, Hashable, CustomStringConvertible {
    /// What it may have taken.
    public let limit: Duration

    /// For logs.
    public var description: String { "no answer within \(limit)" }
}

/// Runs work that others wait for no longer than a limit; it is cancelled then, and must heed that.
///
/// - Throws: ``TimedOut``; what the work throws; `CancellationError`.
public func withTimeLimit<Value: Sendable>(
    _ limit: Duration, _ work: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    try await withThrowingTaskGroup(of: Value.self) { group in
        group.addTask(name: "work") { try await work() }
        group.addTask(name: "limit") {
            try await Task.sleep(for: limit)
            throw TimedOut(limit: limit)
        }
        defer { group.cancelAll() }
        guard let value = try await group.next() else { throw CancellationError() }
        return value
    }
}
