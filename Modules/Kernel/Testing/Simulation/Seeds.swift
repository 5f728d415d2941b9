import Foundation
import Synchronization

extension Simulation {
    /// Runs a check for many seeds, side by side, until all are through or time is up.
    ///
    /// The environment variable `FLOTILLA_SIMULATION_SEED` runs that seed alone, to see a failure
    /// again; `FLOTILLA_SIMULATION_SEEDS` runs so many, from 0.
    ///
    /// - Parameters:
    ///   - count: how many seeds are enough.
    ///   - duration: after this no further ones are begun.
    /// - Returns: how many were run.
    /// - Throws: what the check throws for the first seed that fails.
    @discardableResult
    public static func forSeeds(
        _ count: Int, within duration: Duration = .seconds(120),
        _ check: @escaping @Sendable (UInt64) async throws -> Void
    ) async throws -> Int {
        let environment = ProcessInfo.processInfo.environment
        if let seed = environment["FLOTILLA_SIMULATION_SEED"].flatMap({ UInt64($0) }) {
            try await check(seed)
            return 1
        }
        let count = environment["FLOTILLA_SIMULATION_SEEDS"].flatMap { Int($0) } ?? count
        let end = ContinuousClock.now + duration
        let width = ProcessInfo.processInfo.activeProcessorCount
        return try await withThrowingTaskGroup(of: Void.self) { group in
            var begun = 0
            while begun < count, ContinuousClock.now < end {
                if begun >= width { try await group.next() }
                let seed = UInt64(begun)
                group.addTask { try await check(seed) }
                begun += 1
            }
            try await group.waitForAll()
            return begun
        }
    }
}
