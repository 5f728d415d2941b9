/// Why a simulation could not be carried to its end. Its seed shows it again.
package struct SchedulingFailure: Error, Equatable, CustomStringConvertible {
    package enum Reason: Equatable, Sendable {
        /// Nothing is ready and nobody sleeps, yet the root task has not ended.
        case deadlock
        /// More jobs ran than `stepCountMax` allows.
        case livelock
        /// The next sleeper would wake later than `timeMax` allows.
        case overtime
        /// So many jobs and calls left for other threads, or came from them.
        case escape(count: Int)
        /// The root task ended, and unstructured tasks still sleep.
        case outlived(sleeperCount: Int)
    }

    package let reason: Reason
    package let seed: UInt64
    package let stepCount: Int
    package let now: Duration

    package var description: String {
        "\(sentence) (seed \(seed), step \(stepCount), virtual time \(now))"
    }

    private var sentence: String {
        switch reason {
        case .deadlock:
            "deadlock: nothing is ready, nobody sleeps, and the root task has not ended"
        case .livelock: "livelock: the simulation ran more jobs than its bound allows"
        case .overtime: "overtime: the next sleeper would wake after the bound of virtual time"
        case .escape(let count):
            "escape: \(count) jobs or calls left for other threads or came from them, "
                + "so that the seed does not determine the run"
        case .outlived(let count):
            "outlived: the root task ended while \(count) unstructured tasks still sleep"
        }
    }
}
