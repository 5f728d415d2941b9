import Foundation

/// How often something may be tried: so often at once, and then after waits that double.
///
/// A wait ends by itself, so nobody is ever locked out, and what is tried during one neither counts
/// nor makes it longer.
struct Throttle: Sendable, Hashable {
    /// Names what is counted.
    let name: String
    /// So many are counted before the first wait.
    let freeCount: Int
    let firstWait: TimeInterval
    let waitMax: TimeInterval
    /// After so long without one, the count begins anew.
    let memory: TimeInterval

    /// Wrong passwords of an account: five, then 1 s, 2 s, 4 s, … a quarter of an hour.
    static let logIn = Throttle(
        name: "log-in", freeCount: 5, firstWait: 1, waitMax: 900, memory: 24 * 3_600)
    /// Wrong passwords of somebody who is logged in, and shows theirs again.
    static let reauthentication = Throttle(
        name: "reauthentication", freeCount: 5, firstWait: 1, waitMax: 900, memory: 24 * 3_600)
    /// Wrong codes: five a quarter of an hour. Guessing one of the million takes years then.
    static let code = Throttle(
        name: "code", freeCount: 5, firstWait: 900, waitMax: 900, memory: 900)
    /// Mails that somebody asks for: three, then one after 1 min, 2 min, … 6 h; some ten a day.
    static let mail = Throttle(
        name: "mail", freeCount: 3, firstWait: 60, waitMax: 6 * 3_600, memory: 24 * 3_600)

    /// How much was counted, and until when no more is taken.
    struct State: Sendable, Hashable {
        var count: Int
        var blockedUntil: Date?
        var forgottenAt: Date

        /// How long to wait; `nil` when it may be tried.
        func wait(at now: Date) -> Duration? {
            guard let blockedUntil, blockedUntil > now else { return nil }
            return .seconds(blockedUntil.timeIntervalSince(now))
        }
    }

    /// The state after one more.
    func counting(_ state: State?, at now: Date) -> State {
        let isForgotten = state.map { $0.forgottenAt <= now } ?? true
        let count = (isForgotten ? 0 : state?.count ?? 0) + 1
        var wait: TimeInterval = 0
        if count >= freeCount {
            // 2^30 seconds are more than any longest wait.
            let doublings = min(count - freeCount, 30)
            wait = min(firstWait * Double(1 << doublings), waitMax)
        }
        let until = now + wait
        return State(
            count: count, blockedUntil: wait > 0 ? until : nil, forgottenAt: until + memory)
    }
}
