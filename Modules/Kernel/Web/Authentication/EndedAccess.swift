public import Events
public import Foundation
import Synchronization

/// Sessions and users whose access tokens are no longer taken, though they have not expired.
///
/// Each process keeps its own, in memory, fed by events that several modules hear, each in its own
/// time. So what has ended stays so: an end that could be undone would be undone, or done again,
/// whenever a slower module hears of it. An entry is kept for longer than any
/// access token lives; after that the tokens' own expiry does.
public final class EndedAccess: Sendable {
    /// Longer than any access token lives, with the clocks' leeway.
    public static let retention = Duration.seconds(15 * 60)

    /// Whose tokens an entry ends.
    public enum Subject: Sendable, Hashable {
        /// One session: what its tokens call `sid`.
        case session(String)
        /// Everything of a user.
        case user(UserID)
    }

    private struct State {
        var entries: [Subject: Date] = [:]
        var purgedAt = Date.distantPast
    }

    private let state = Mutex(State())

    /// Nothing has ended yet.
    public init() {}

    /// Takes no more tokens of a subject.
    public func end(_ subject: Subject, at now: Date) {
        state.withLock { state in
            state.entries[subject] = now
            guard now.timeIntervalSince(state.purgedAt) > 60 else { return }
            state.purgedAt = now
            let oldest = now - Double(Self.retention.components.seconds)
            state.entries = state.entries.filter { $0.value > oldest }
        }
    }

    /// Whether a caller's tokens are no longer taken.
    public func includes(_ principal: Principal) -> Bool {
        state.withLock { state in
            state.entries[.session(principal.sessionID)] != nil
                || state.entries[.user(principal.userID)] != nil
        }
    }
}
