import Events
import Foundation
import Logging
import Storage
import Synchronization

/// Where a consumer stands in each stream.
extension Consumer {
    private static var unstoredCountMax: Int64 { 1_000 }

    func hears(stream: String) async throws -> Bool {
        try await inflow.streams.contains(stream)
    }

    /// How far this consumer has taken a stream; `nil` before its first look.
    func storedPlace(in stream: String) async throws -> Int64? {
        try await read { try $0.cursor(of: stream) }
    }

    /// The place of this consumer in a stream, found or made at the first look; `nil` when events
    /// before it are lost, so that it can't go on.
    func place(in stream: String, under lease: Lease) async throws -> Int64? {
        if let known = state.withLock({ $0.places[stream] }) { return known }
        let floor = try await inflow.floor(of: stream)
        if let stored = try await storedPlace(in: stream) {
            guard stored >= floor else {
                stop(as: .eventsLost(log: stream, after: stored, upTo: floor))
                return nil
            }
            let head = try await inflow.newest(of: stream)
            state.withLock {
                $0.places[stream] = stored
                $0.storedPlaces[stream] = stored
                if $0.suspectUpTo[stream] == nil { $0.suspectUpTo[stream] = head }
            }
            return stored
        }
        let start =
            switch subscription.start {
            case .beginning: floor
            case .now: try await inflow.head(of: stream)
            }
        try await storePlace(start, in: stream, under: lease)
        return start
    }

    /// Remembers a place among events that are not heard; stores it now and then: reading a few of
    /// them again after a restart is cheaper than a commit a batch.
    func passOver(to offset: Int64, in stream: String, under lease: Lease) async throws {
        let now = environment.uptime()
        let stored = state.withLock { state in
            state.places[stream] = offset
            state.unstoredSince[stream] = state.unstoredSince[stream] ?? now
            return state.storedPlaces[stream] ?? 0
        }
        guard offset - stored >= Self.unstoredCountMax else { return }
        try await storePlace(offset, in: stream, under: lease)
    }

    /// Stores such a place also when nothing more has come for a while: who looks from outside, as
    /// the command line and other processes do, would see a backlog that is none.
    func settlePlace(in stream: String, under lease: Lease) async throws {
        let (place, stored, since) = state.withLock {
            ($0.places[stream], $0.storedPlaces[stream] ?? 0, $0.unstoredSince[stream])
        }
        guard let place, let since, place > stored,
            environment.uptime() - since >= environment.settings.pollInterval * 3
        else { return }
        try await storePlace(place, in: stream, under: lease)
    }

    func storePlace(_ offset: Int64, in stream: String, under lease: Lease) async throws {
        let now = environment.now()
        try await write(under: lease) { try $0.moveCursor(of: stream, to: offset, at: now) }
        state.withLock {
            $0.places[stream] = offset
            $0.storedPlaces[stream] = offset
            $0.unstoredSince[stream] = nil
        }
    }

    /// Says once that this consumer can't go on.
    func stop(as standing: ConsumerStanding) {
        let isNew = state.withLock { state in
            defer { state.standing = standing }
            return state.standing != standing
        }
        guard isNew else { return }
        logger.error(
            "consumer stopped",
            metadata: ["consumer": "\(name)", "standing": "\(standing)"])
    }
}

// MARK: - What a dead process may have had in hand

extension Consumer {
    /// Whether the batch may have been in the hands of a process that died over it. Its events are
    /// then parked to be retried at once, because a retry's attempt is counted before it is made:
    /// an event that kills the process does so a bounded number of times.
    ///
    /// A transactional consumer has one batch in hand, an effect consumer its window, and it stores
    /// its place when half a batch is done. What came after the succession nobody had in hand.
    func isSuspect(_ batch: StreamBatch) -> Bool {
        let stream = batch.stream
        let settings = environment.settings
        let inHandCountMax =
            if case .effect = subscription.work {
                settings.windowCountMax + settings.batchCountMax
            } else { settings.batchCountMax }
        return state.withLock {
            $0.isSuccession && $0.checkedCounts[stream, default: 0] < inHandCountMax
                && batch.after < $0.suspectUpTo[stream, default: 0]
        }
    }

    func parkSuspects(_ batch: StreamBatch, under lease: Lease) async throws {
        let now = environment.now()
        let subscription = subscription
        let count = try await write(under: lease) { inbox in
            var count = 0
            for item in batch.items where subscription.hears(item.event.envelope.type) {
                guard try !inbox.isTaken(item.event) else { continue }
                let isBehind = try inbox.isBlocked(item.event)
                try inbox.park(
                    item.event, as: isBehind ? .behind : .suspected(at: now),
                    in: self.replay(of: item.offset, in: batch.stream), at: now)
                count += 1
            }
            try inbox.moveCursor(of: batch.stream, to: batch.upTo, at: now)
            return count
        }
        state.withLock {
            $0.isWorkingOffSuspects = true
            $0.checkedCounts[batch.stream, default: 0] += batch.items.count
            $0.places[batch.stream] = batch.upTo
            $0.storedPlaces[batch.stream] = batch.upTo
            $0.parkedCount = $0.parkedCount.map { $0 + count }
        }
    }
}
