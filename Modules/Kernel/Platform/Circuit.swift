/// Whether another system may be asked, from what became of the requests before.
///
/// A value: whoever asks keeps it behind a lock, tells it how each request ended, and decides what
/// a failure is. One that costs nobody time, such as a refusal, had better not be one.
///
/// ```swift
/// guard case .yes = circuit.admit(at: .now) else { return stored }
/// …
/// circuit.succeeded()  // or failed(at:), or abandoned()
/// ```
public struct Circuit: Sendable {
    /// When a circuit opens, and for how long.
    public struct Settings: Sendable {
        /// So many failures in a row open it.
        public var failureCountMax: Int
        /// For so long nothing is sent.
        public var pause: Duration

        /// Puts the two together.
        public init(failureCountMax: Int = 5, pause: Duration = .seconds(5)) {
            self.failureCountMax = failureCountMax
            self.pause = pause
        }
    }

    /// What passes.
    public enum State: Sendable, Equatable {
        /// All may pass.
        case closed
        /// None may pass before this time.
        case open(until: ContinuousClock.Instant)
        /// One may pass, and is on its way when this is so.
        case halfOpen(isTrying: Bool)
    }

    /// The answer to who asks for leave.
    public enum Admission: Sendable, Equatable {
        /// The request may be sent; its end must be told.
        case yes
        /// It may not; a try makes sense after this time.
        case no(retryAfter: Duration)
    }

    /// How long the one that tries may take until others ask again.
    private static let waitWhileTrying = Duration.milliseconds(250)

    private let settings: Settings
    /// What passes now.
    public private(set) var state = State.closed
    private var failureCount = 0

    /// A closed one.
    public init(_ settings: Settings) { self.settings = settings }

    /// Asks for leave to send a request; its end must be told.
    public mutating func admit(at now: ContinuousClock.Instant) -> Admission {
        switch state {
        case .closed: return .yes
        case .open(let end) where now < end: return .no(retryAfter: end - now)
        case .halfOpen(isTrying: true): return .no(retryAfter: Self.waitWhileTrying)
        case .open, .halfOpen(isTrying: false):
            state = .halfOpen(isTrying: true)
            return .yes
        }
    }

    /// The request was answered: all may pass.
    public mutating func succeeded() {
        state = .closed
        failureCount = 0
    }

    /// The request failed: with the last of so many in a row, or as the one that tries, it opens.
    ///
    /// - Parameter pause: for how long; the setting's unless told.
    public mutating func failed(at now: ContinuousClock.Instant, pause: Duration? = nil) {
        failureCount += 1
        if state == .halfOpen(isTrying: true) || failureCount >= settings.failureCountMax {
            open(until: now + (pause ?? settings.pause))
        }
    }

    /// The request ended without saying anything about the other system: its client went away.
    public mutating func abandoned() {
        if state == .halfOpen(isTrying: true) { state = .halfOpen(isTrying: false) }
    }

    /// Something else than a request says that nothing should be sent.
    public mutating func open(until end: ContinuousClock.Instant) { state = .open(until: end) }

    /// Something else than a request says that one may try, if none may pass.
    public mutating func letOneTry() {
        if case .open = state { state = .halfOpen(isTrying: false) }
    }
}
