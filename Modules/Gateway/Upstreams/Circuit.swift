/// Whether an upstream may be asked, from what became of the requests and probes before.
///
/// Failures are connections that can't be made or break, time-outs, and the answers 502 and 504.
/// A 500 is an answer of a process that lives, and a 503 is one that costs nobody time; to keep
/// everything from such a process would make a small outage a large one.
struct Circuit: Sendable {
    struct Settings: Sendable {
        var failureCountMax = 5
        var pause = Duration.seconds(5)
    }

    enum State: Sendable, Equatable {
        /// All may pass.
        case closed
        /// None may pass before this time.
        case open(until: ContinuousClock.Instant)
        /// One may pass, and is on its way when this is so.
        case halfOpen(isTrying: Bool)
    }

    enum Admission: Sendable, Equatable {
        case yes
        case no(retryAfter: Duration)
    }

    /// A probe can be lost; two in a row are not.
    private static let failedProbeCountMax = 2
    /// What failed in probes alone is tried by requests soon: a probe can be wrong.
    private static let pauseAfterProbes = Duration.milliseconds(250)

    private let settings: Settings
    private(set) var state = State.closed
    private var failureCount = 0
    private var failedProbeCount = 0
    /// A request succeeded while probes failed: until one succeeds, they are not believed.
    private var isProbeRefuted = false

    init(_ settings: Settings) { self.settings = settings }

    /// Whether the last probes found it ready.
    var isReady: Bool { failedProbeCount < Self.failedProbeCountMax }

    /// Asks for leave to send a request; its end must be told.
    mutating func admit(at now: ContinuousClock.Instant) -> Admission {
        switch state {
        case .closed: return .yes
        case .open(let end) where now < end: return .no(retryAfter: end - now)
        case .halfOpen(isTrying: true): return .no(retryAfter: Self.pauseAfterProbes)
        case .open, .halfOpen(isTrying: false):
            state = .halfOpen(isTrying: true)
            return .yes
        }
    }

    mutating func succeeded() {
        if !isReady { isProbeRefuted = true }
        state = .closed
        failureCount = 0
        failedProbeCount = 0
    }

    mutating func failed(at now: ContinuousClock.Instant) {
        failureCount += 1
        if state == .halfOpen(isTrying: true) || failureCount >= settings.failureCountMax {
            state = .open(until: now + (isReady ? settings.pause : pauseWhileAway))
        }
    }

    /// The request ended without saying anything about the upstream: its client went away.
    mutating func abandoned() {
        if state == .halfOpen(isTrying: true) { state = .halfOpen(isTrying: false) }
    }

    /// A probe that succeeds after others failed lets a request try at once. One that fails keeps
    /// requests away only with a second one, and only if no request succeeded in between: a probe
    /// that is wrong must not keep everybody from a process that works.
    mutating func probed(isReady: Bool, at now: ContinuousClock.Instant) {
        guard isReady else {
            guard !isProbeRefuted else { return }
            failedProbeCount += 1
            if failedProbeCount == Self.failedProbeCountMax, state == .closed {
                state = .open(until: now + pauseWhileAway)
            }
            return
        }
        if failedProbeCount > 0, case .open = state { state = .halfOpen(isTrying: false) }
        failedProbeCount = 0
        isProbeRefuted = false
    }

    /// Short, because a request may find it before a probe does.
    private var pauseWhileAway: Duration { min(settings.pause, Self.pauseAfterProbes) }
}
