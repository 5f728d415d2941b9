/// A clock whose time passes only when nothing else can happen, and then at once.
package struct VirtualClock: Clock {
    /// A point in virtual time.
    package struct Instant: InstantProtocol {
        /// The distance from the start of the run.
        package let offset: Duration

        package init(offset: Duration) { self.offset = offset }

        package func advanced(by duration: Duration) -> Instant {
            Instant(offset: offset + duration)
        }

        package func duration(to other: Instant) -> Duration { other.offset - offset }

        package static func < (left: Instant, right: Instant) -> Bool {
            left.offset < right.offset
        }
    }

    private let scheduler: SeededScheduler

    init(scheduler: SeededScheduler) { self.scheduler = scheduler }

    package var now: Instant { Instant(offset: scheduler.now) }

    package var minimumResolution: Duration {
        Duration(secondsComponent: 0, attosecondsComponent: 1)
    }

    /// Sleeps exactly until `deadline`; throws `CancellationError` as soon as it is cancelled.
    nonisolated(nonsending) package func sleep(
        until deadline: Instant, tolerance: Duration?
    ) async throws {
        try await scheduler.sleep(until: deadline.offset)
    }
}
