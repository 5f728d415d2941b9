import Platform

/// Whether an upstream may be asked, from what became of the requests and probes before.
///
/// Failures are connections that can't be made or break, time-outs, and the answers 502 and 504.
/// A 500 is an answer of a process that lives, and a 503 is one that costs nobody time; to keep
/// everything from such a process would make a small outage a large one.
struct ProbedCircuit: Sendable {
    /// A probe can be lost; two in a row are not.
    private static let failedProbeCountMax = 2
    /// What failed in probes alone is tried by requests soon: a probe can be wrong.
    private static let pauseAfterProbes = Duration.milliseconds(250)

    private let settings: Circuit.Settings
    private var circuit: Circuit
    private var failedProbeCount = 0
    /// A request succeeded while probes failed: until one succeeds, they are not believed.
    private var isProbeRefuted = false

    init(_ settings: Circuit.Settings) {
        self.settings = settings
        circuit = Circuit(settings)
    }

    var state: Circuit.State { circuit.state }

    /// Whether the last probes found it ready.
    var isReady: Bool { failedProbeCount < Self.failedProbeCountMax }

    mutating func admit(at now: ContinuousClock.Instant) -> Circuit.Admission {
        circuit.admit(at: now)
    }

    mutating func succeeded() {
        if !isReady { isProbeRefuted = true }
        circuit.succeeded()
        failedProbeCount = 0
    }

    mutating func failed(at now: ContinuousClock.Instant) {
        circuit.failed(at: now, pause: isReady ? nil : pauseWhileAway)
    }

    mutating func abandoned() { circuit.abandoned() }

    /// A probe that succeeds after others failed lets a request try at once. One that fails keeps
    /// requests away only with a second one, and only if no request succeeded in between: a probe
    /// that is wrong must not keep everybody from a process that works.
    mutating func probed(isReady: Bool, at now: ContinuousClock.Instant) {
        guard isReady else {
            guard !isProbeRefuted else { return }
            failedProbeCount += 1
            if failedProbeCount == Self.failedProbeCountMax, state == .closed {
                circuit.open(until: now + pauseWhileAway)
            }
            return
        }
        if failedProbeCount > 0 { circuit.letOneTry() }
        failedProbeCount = 0
        isProbeRefuted = false
    }

    /// Short, because a request may find it before a probe does.
    private var pauseWhileAway: Duration { min(settings.pause, Self.pauseAfterProbes) }
}
