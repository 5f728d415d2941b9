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
    struct Request: Sendable {
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
