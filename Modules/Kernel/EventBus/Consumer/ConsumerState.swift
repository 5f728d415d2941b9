import Events

/// What one consumer object knows while it runs. All of it can be read again from the database,
/// and is when another process may have changed it: after a lease was taken.
struct ConsumerState: Sendable {
    /// The lease's epoch that all of this belongs to.
    var epoch: Int64?
    /// How far each stream was taken; may run ahead of the stored cursor over events not heard.
    var places: [String: Int64] = [:]
    /// What was last stored of ``places``.
    var storedPlaces: [String: Int64] = [:]
    /// Since when ``places`` has been ahead of what is stored, in uptime.
    var unstoredSince: [String: Duration] = [:]
    /// Whether the holder before may have died in the middle of an event.
    var isSuccession = false
    /// Where each stream ended at the succession.
    var suspectUpTo: [String: Int64] = [:]
    /// How many events of each stream have been looked at since a succession.
    var checkedCounts: [String: Int] = [:]
    /// Whether what a dead process may have had in hand comes before anything else.
    var isWorkingOffSuspects = false
    /// Events parked; `nil` when it is to be counted.
    var parkedCount: Int?
    /// The end of the last batch of each stream that had a failure: events up to there, and the
    /// batch that follows, get a savepoint each.
    var failedUpTo: [String: Int64] = [:]
    /// When parked events and replays were last asked for, in uptime.
    var lookedAt: Duration?
    /// Replays that go on, by stream.
    var replays: [String: Replay] = [:]
    var standing = ConsumerStanding.standby
    /// The event that a handler has in hand, and since when, in uptime.
    var inHand: [EventID: InHand] = [:]

    struct InHand: Sendable {
        let event: LoggedEvent
        let since: Duration
        var isReported = false
    }
}

/// What a consumer is doing.
public enum ConsumerStanding: Sendable, Hashable {
    /// Another process does this work, or nothing runs yet.
    case standby
    /// It takes what comes.
    case running
    /// It hears again what an operator wanted it to.
    case replaying
    /// As many events are parked as may be; it takes no further ones until some are dealt with.
    case full(parkedCount: Int)
    /// Events that it had not taken are no longer in the log of that name: it was restored from a
    /// copy older than the retention. A replay that starts later lets it go on.
    case eventsLost(log: String, after: Int64, upTo: Int64)
    /// So many handler calls heed neither deadline nor cancellation that no more are begun.
    case hanging(count: Int)
    /// Its last round failed as a whole, because the database was away or full.
    case failing

    /// One word for it.
    public var name: String {
        switch self {
        case .standby: "standby"
        case .running: "running"
        case .replaying: "replaying"
        case .full: "full"
        case .eventsLost: "events-lost"
        case .hanging: "hanging"
        case .failing: "failing"
        }
    }

    /// Whether somebody has to do something before it goes on.
    public var isStopped: Bool {
        switch self {
        case .full, .eventsLost, .hanging: true
        case .standby, .running, .replaying, .failing: false
        }
    }
}
