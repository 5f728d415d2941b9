import Events

/// The events that an effect consumer has in hand: read, and not yet done.
///
/// Events of one key form a lane and go one after the other; lanes go side by side. The window
/// slides: a slow event holds up its lane and the stored place, never the other lanes.
struct EffectWindow {
    /// One event to work on.
    struct Work: Sendable {
        let event: LoggedEvent
        /// Where it was read; `nil` for one that was parked and is due again.
        let origin: (stream: String, offset: Int64)?
        /// Where its stream is done up to when this one is done, if all before it are.
        fileprivate(set) var place: Int64?

        fileprivate var lane: Lane { Lane(log: event.log, key: event.envelope.key) }
    }

    fileprivate struct Lane: Hashable {
        let log: String
        let key: String
    }

    private struct Reading {
        var upTo: Int64
        /// Whether any of it concerns the consumer.
        var isHeard = false
        /// Offsets of events in hand, ascending.
        var open: [Int64] = []
    }

    private var waiting: [Lane: [Work]] = [:]
    /// Lanes with work and none of it running, in the order in which they became so.
    private var ready: [Lane] = []
    private var running: Set<Lane> = []
    private var readings: [String: Reading] = [:]
    private var parkedInHand: Set<EventID> = []

    /// Events in hand.
    private(set) var count = 0
    /// The sum of their payloads.
    private(set) var byteCount = 0
    var runningCount: Int { running.count }
    var streams: [String] { readings.keys.sorted() }

    /// How far a stream was read; `nil` before its first batch.
    func readUpTo(_ stream: String) -> Int64? { readings[stream]?.upTo }

    /// Everything up to here is done.
    func doneUpTo(_ stream: String) -> Int64? {
        guard let reading = readings[stream] else { return nil }
        return reading.open.first.map { $0 - 1 } ?? reading.upTo
    }

    /// Whether anything in a stream concerned the consumer.
    func hasHeard(_ stream: String) -> Bool { readings[stream]?.isHeard ?? false }

    mutating func add(_ batch: StreamBatch, where isHeard: (EventType) -> Bool) {
        var reading = readings[batch.stream] ?? Reading(upTo: batch.after)
        reading.upTo = batch.upTo
        for item in batch.items where isHeard(item.event.envelope.type) {
            reading.isHeard = true
            reading.open.append(item.offset)
            enqueue(Work(event: item.event, origin: (batch.stream, item.offset)))
        }
        readings[batch.stream] = reading
    }

    /// Takes in a parked event that is due, unless it is in hand already.
    mutating func add(parked event: LoggedEvent) {
        guard parkedInHand.insert(event.envelope.id).inserted else { return }
        enqueue(Work(event: event, origin: nil))
    }

    private mutating func enqueue(_ work: Work) {
        count += 1
        byteCount += work.event.envelope.data.count
        let lane = work.lane
        waiting[lane, default: []].append(work)
        if waiting[lane]?.count == 1, !running.contains(lane) { ready.append(lane) }
    }

    /// The next event whose key has none running.
    mutating func start() -> Work? {
        guard !ready.isEmpty else { return nil }
        let lane = ready.removeFirst()
        guard var work = waiting[lane]?.first else { return nil }
        running.insert(lane)
        if let (stream, offset) = work.origin, let reading = readings[stream],
            reading.open.first == offset
        {
            work.place = reading.open.count > 1 ? reading.open[1] - 1 : reading.upTo
        }
        return work
    }

    /// Stops working on an event without its being done: the stored place will not pass it.
    mutating func abandon(_ work: Work) { running.remove(work.lane) }

    mutating func finish(_ work: Work) {
        let lane = work.lane
        count -= 1
        byteCount -= work.event.envelope.data.count
        running.remove(lane)
        waiting[lane]?.removeFirst()
        if waiting[lane]?.isEmpty == false { ready.append(lane) } else { waiting[lane] = nil }
        if let (stream, offset) = work.origin {
            readings[stream]?.open.removeAll { $0 == offset }
        } else {
            parkedInHand.remove(work.event.envelope.id)
        }
    }
}
