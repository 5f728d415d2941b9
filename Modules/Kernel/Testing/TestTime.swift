public import Foundation
import Synchronization

/// A clock that stands still until a test moves it.
public final class TestTime: Sendable {
    private let current: Mutex<Date>

    /// Begins at a fixed instant: 2026-01-01T12:00:00Z.
    public init(_ start: Date = Date(timeIntervalSince1970: 1_767_268_800)) {
        current = Mutex(start)
    }

    /// The time that the code under test sees.
    public var now: Date { current.withLock { $0 } }

    /// Moves time on.
    public func advance(by duration: Duration) {
        let seconds =
            Double(duration.components.seconds)
            + Double(duration.components.attoseconds) * 1e-18
        current.withLock { $0 += seconds }
    }
}
