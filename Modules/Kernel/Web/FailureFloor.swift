import HTTPTypes

/// The least time that a failure takes, so that its time does not tell the reason.
///
/// It passes without holding a thread.
public struct FailureFloor: Sendable {
    private let duration: Duration

    /// - Parameter duration: from the beginning of the work; longer than it takes to fail.
    public init(_ duration: Duration) { self.duration = duration }

    /// Answers not before the time, whatever comes of the work.
    ///
    /// - Throws: what the work throws.
    public func always<T: Sendable>(_ work: () async throws -> T) async throws -> T {
        let start = ContinuousClock.now
        let result = try await hold(work)
        try await Task.sleep(until: start + duration)
        return result
    }

    /// Answers at once when the work is done, and not before the time when it has failed.
    ///
    /// Whoever is turned away before the work began is told at once: 429 and 503 say nothing about
    /// what was asked.
    ///
    /// - Throws: what the work throws.
    public func hold<T: Sendable>(_ work: () async throws -> T) async throws -> T {
        let start = ContinuousClock.now
        do {
            return try await work()
        } catch let problem as Problem
            where [.tooManyRequests, .serviceUnavailable].contains(problem.status)
        {
            throw problem
        } catch {
            try await Task.sleep(until: start + duration)
            throw error
        }
    }
}
