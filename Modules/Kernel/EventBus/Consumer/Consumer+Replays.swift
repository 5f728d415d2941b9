import Events
import Foundation
import Logging
import Storage
import Synchronization

/// What a consumer hears again because an operator wanted it to.
struct Replay: Sendable {
    /// The request's, counted by consumer.
    let number: Int64
    /// Events after this offset …
    let from: Int64
    /// … and up to this one were taken before.
    let to: Int64
    /// Whether the consumer began with fresh state.
    let isRebuild: Bool
    /// Whether an effect consumer performs its effects again.
    let withEffects: Bool
    let hasBegun: Bool

    func covers(_ offset: Int64) -> Bool { offset > from && offset <= to }
}

extension Consumer {
    fileprivate struct Request: Sendable {
        let stream: String
        let replay: Replay

        var from: Int64 { replay.from }
        var isRebuild: Bool { replay.isRebuild }
        var hasBegun: Bool { replay.hasBegun }
    }

    /// Looks for replays that were asked for, from whichever process, and begins them.
    func takeUpReplays(under lease: Lease) async throws {
        var requests = try await requests()
        // A full consumer could not go through with it: its state is not given up, also by one that
        // has just started and does not know yet that it is full.
        let wanted = Set(requests.filter { !$0.hasBegun }.map(\.stream))
        let parkedCountMax = environment.settings.parkedCountMax
        if !wanted.isEmpty, try await wanted.isSubset(of: inflow.streams),
            try await parkedCount() < parkedCountMax, try await hasNoHoles()
        {
            for request in requests where !request.hasBegun && !request.isRebuild {
                try await beginRedelivery(of: request, under: lease)
            }
            let rebuilds = requests.filter { !$0.hasBegun && $0.isRebuild }
            if !rebuilds.isEmpty { try await beginRebuild(of: rebuilds, under: lease) }
            state.withLock {
                $0.places = [:]
                $0.storedPlaces = [:]
                $0.parkedCount = nil
                // What is heard again was in no dead process's hands.
                $0.isSuccession = false
            }
            requests = try await self.requests()
        }
        let replays = Dictionary(
            uniqueKeysWithValues: requests.filter(\.hasBegun).map { ($0.stream, $0.replay) })
        state.withLock { $0.replays = replays }
    }

    /// Whether all events up to the furthest taken are taken. An effect consumer may be ahead of
    /// its stored place; a replay would not tell what it had still to do from what it had done.
    private func hasNoHoles() async throws -> Bool {
        let (streams, offsets) = (try await inflow.streams, inflow.offsets)
        return try await read { inbox in
            try streams.allSatisfy { stream in
                let place = try inbox.cursor(of: stream) ?? 0
                return switch offsets {
                case .positions: try inbox.furthest(in: stream) <= place
                case .received: try !inbox.hasTaken(fromReceived: stream, after: place)
                }
            }
        }
    }

    /// Whether a replay waits to be begun.
    func isReplayWanted() async throws -> Bool {
        try await requests().contains { !$0.hasBegun }
    }

    private func requests() async throws -> [Request] {
        try await read { inbox in
            try inbox.transaction.rows(
                """
                SELECT \(Replay.columns), stream FROM inbox_replays
                WHERE consumer = \(inbox.consumer) AND ended_at IS NULL ORDER BY number, stream
                """
            ).map { Request(stream: try $0.get("stream"), replay: try Replay($0)) }
        }
    }

    /// Goes back in one stream, onto the state as it is. Where events are lost it goes forward to
    /// the first that is kept.
    private func beginRedelivery(of request: Request, under lease: Lease) async throws {
        try await inflow.hold(request.stream, at: request.from, for: name)
        let (floor, now) = (try await inflow.floor(of: request.stream), environment.now())
        let head = try await inflow.newest(of: request.stream)
        let offsets = inflow.offsets
        try await write(under: lease) { inbox in
            let place = try inbox.cursor(of: request.stream) ?? 0
            // A log that was restored from an older copy ends before its consumers' places.
            let end = min(try inbox.end(of: request.stream, from: place), head)
            let start = max(floor, min(request.from, place))
            try inbox.forget(request.stream, after: start, offsets)
            try inbox.moveCursor(of: request.stream, to: start, at: now)
            try inbox.begin(request, from: start, to: max(end, start), at: now)
        }
        logger.notice("redelivery begun", metadata: ["consumer": "\(name)"])
    }

    /// Empties the consumer's state and begins at the beginning of every stream, in one
    /// transaction.
    private func beginRebuild(of requests: [Request], under lease: Lease) async throws {
        let now = environment.now()
        for request in requests {
            try await inflow.hold(request.stream, at: request.from, for: name)
        }
        for request in requests where try await inflow.floor(of: request.stream) > request.from {
            // Retention has come between the request and now; the state is not given up for less.
            try await drop(requests, under: lease)
            logger.error(
                "rebuild refused: events have been dropped", metadata: ["consumer": "\(name)"])
            return
        }
        var heads: [String: Int64] = [:]
        for request in requests {
            heads[request.stream] = try await inflow.newest(of: request.stream)
        }
        let (reset, offsets) = (subscription.reset, inflow.offsets)
        try await write(under: lease) { [heads] inbox in
            try reset?(inbox.transaction)
            for request in requests {
                let place = try inbox.cursor(of: request.stream) ?? 0
                let end = try inbox.end(of: request.stream, from: place)
                let most = heads[request.stream] ?? 0
                try inbox.forget(request.stream, after: request.from, offsets)
                try inbox.moveCursor(of: request.stream, to: request.from, at: now)
                try inbox.begin(request, from: request.from, to: min(end, most), at: now)
            }
        }
        logger.notice("rebuild begun", metadata: ["consumer": "\(name)"])
    }

    private func drop(_ requests: [Request], under lease: Lease) async throws {
        try await write(under: lease) { inbox in
            for request in requests {
                try inbox.transaction.execute(
                    """
                    DELETE FROM inbox_replays
                    WHERE consumer = \(inbox.consumer) AND number = \(request.replay.number)
                        AND stream = \(request.stream)
                    """)
            }
        }
    }

    /// The replay that an event at this offset belongs to, if one goes on that does.
    func replay(of offset: Int64, in stream: String) -> Replay? {
        guard let replay = state.withLock({ $0.replays[stream] }), replay.covers(offset) else {
            return nil
        }
        return replay
    }

    /// Says what it is doing, unless somebody has to do something before it goes on.
    func takeStanding(_ standing: ConsumerStanding) {
        state.withLock { state in
            let isReplaying = !state.replays.isEmpty
            state.standing = standing == .running && isReplaying ? .replaying : standing
        }
    }

    /// Notes the end of a replay whose last event was taken.
    func endReplay(of stream: String, at offset: Int64, under lease: Lease) async throws {
        let replay = state.withLock { $0.replays[stream] }
        guard let replay, offset >= replay.to else { return }
        let now = environment.now()
        try await write(under: lease) { inbox in
            try inbox.transaction.execute(
                """
                UPDATE inbox_replays SET ended_at = \(now)
                WHERE consumer = \(inbox.consumer) AND number = \(replay.number)
                    AND stream = \(stream)
                """)
        }
        state.withLock { $0.replays[stream] = nil }
        logger.notice("replay ended", metadata: ["consumer": "\(name)", "stream": "\(stream)"])
    }
}

extension Inbox {
    /// The highest position of a log that was handled or put aside; 0 when there is none.
    func furthest(in log: String) throws -> Int64 {
        var furthest: Int64 = 0
        for table: SQL in ["inbox_handled", "inbox_parked"] {
            let highest = try transaction.first(
                """
                SELECT MAX(position) AS position FROM \(table)
                WHERE consumer = \(consumer) AND log = \(log)
                """)?.get("position", as: Int64?.self)
            furthest = max(furthest, highest ?? 0)
        }
        return furthest
    }

    /// Whether events of a received stream after a place were handled or put aside.
    fileprivate func hasTaken(fromReceived stream: String, after place: Int64) throws -> Bool {
        for table: SQL in ["inbox_handled", "inbox_parked"] {
            let taken = try transaction.first(
                """
                SELECT 1 AS one FROM inbox_events e JOIN \(table) t
                    ON t.log = e.log AND t.position = e.log_position
                WHERE e.stream = \(stream) AND e.position > \(place)
                    AND t.consumer = \(consumer) LIMIT 1
                """)
            if taken != nil { return true }
        }
        return false
    }

    /// Forgets that events of a stream after an offset were handled, so that they are again. Those
    /// that are parked were not, and stay where they are.
    fileprivate func forget(
        _ stream: String, after offset: Int64, _ offsets: StreamOffsets
    ) throws {
        switch offsets {
        case .positions: try forget(log: stream, after: offset)
        case .received: try forget(received: stream, after: offset)
        }
    }

    /// Each key's events of one log lie in one stream, in their order: the mark goes back to before
    /// the first of them.
    private func forget(received stream: String, after offset: Int64) throws {
        try transaction.execute(
            """
            DELETE FROM inbox_handled
            WHERE consumer = \(consumer) AND outcome <> \(Outcome.discarded) AND EXISTS (
                SELECT 1 FROM inbox_events e
                WHERE e.stream = \(stream) AND e.position > \(offset)
                    AND e.log = inbox_handled.log AND e.log_position = inbox_handled.position)
            """)
        let firsts = try transaction.rows(
            """
            SELECT log, key, MIN(log_position) AS position FROM inbox_events
            WHERE stream = \(stream) AND position > \(offset) GROUP BY log, key
            """)
        for first in firsts {
            let position = try first.get("position", as: Int64.self) - 1
            try transaction.execute(
                """
                UPDATE inbox_marks SET position = \(position)
                WHERE consumer = \(consumer) AND log = \(first.get("log", as: String.self))
                    AND key = \(first.get("key", as: String.self)) AND position > \(position)
                """)
        }
    }

    private func forget(log: String, after position: Int64) throws {
        try transaction.execute(
            """
            DELETE FROM inbox_handled
            WHERE consumer = \(consumer) AND log = \(log) AND position > \(position)
                AND outcome <> \(Outcome.discarded)
            """)
        try transaction.execute(
            """
            UPDATE inbox_marks SET position = \(position)
            WHERE consumer = \(consumer) AND log = \(log) AND position > \(position)
            """)
    }

    /// Up to where a stream was heard before, when it is now taken up to that place: a replay that
    /// has not come to its end leaves it to the next.
    fileprivate func end(of stream: String, from place: Int64) throws -> Int64 {
        let end = try transaction.first(
            """
            SELECT MAX(to_offset) AS offset FROM inbox_replays
            WHERE consumer = \(consumer) AND stream = \(stream) AND begun_at IS NOT NULL
                AND ended_at IS NULL
            """)?.get("offset", as: Int64?.self)
        return max(place, end ?? 0)
    }

    /// Begins a replay, in place of the one that goes on if one does.
    fileprivate func begin(
        _ request: Consumer.Request, from start: Int64, to end: Int64, at now: Date
    ) throws {
        let (number, stream) = (request.replay.number, request.stream)
        try transaction.execute(
            """
            UPDATE inbox_replays SET ended_at = \(now)
            WHERE consumer = \(consumer) AND stream = \(stream) AND number < \(number)
                AND ended_at IS NULL
            """)
        try transaction.execute(
            """
            UPDATE inbox_replays
            SET from_offset = \(start), to_offset = \(end), begun_at = \(now)
            WHERE consumer = \(consumer) AND number = \(number) AND stream = \(stream)
            """)
    }

    /// A replay of a log, whether or not it has ended.
    func replay(_ number: Int64, of log: String) throws -> Replay? {
        try transaction.first(
            """
            SELECT \(Replay.columns) FROM inbox_replays
            WHERE consumer = \(consumer) AND number = \(number) AND stream = \(log)
            """
        ).map { try Replay($0) }
    }
}

extension Replay {
    fileprivate static let columns: SQL =
        "number, from_offset, to_offset, is_rebuild, with_effects, begun_at"

    fileprivate init(_ row: Row) throws {
        self.init(
            number: try row.get("number"), from: try row.get("from_offset"),
            to: try row.get("to_offset"), isRebuild: try row.get("is_rebuild"),
            withEffects: try row.get("with_effects"),
            hasBegun: try row.get("begun_at", as: Date?.self) != nil)
    }
}
