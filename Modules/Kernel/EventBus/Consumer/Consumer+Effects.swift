import Events
import Foundation
import Instrumentation
import Storage
import Synchronization
import Tracing

extension Consumer {
    private enum News: Sendable {
        case done(EffectWindow.Work, Result<Performance, any Error>)
        case woken
    }

    /// What a round over the window keeps while it lasts.
    private struct Round {
        let takesFresh: Bool
        /// Whether nothing more is taken in hand, for an operator waits.
        var isClosing = false
        var window = EffectWindow()
        var handledCount = 0
        var failure: (any Error)?
        var isListening = false
        /// Whether there may be something to read.
        var hasNews = true
        /// Whether the last look found less than there was room for.
        var isExhausted = false
        var untilDue = Duration.seconds(3_600)
        var standing = ConsumerStanding.running
    }

    /// Performs effects until none is in work: events of one key one after the other, keys side by
    /// side. While some are in work, new events are taken as they come.
    func stepWithEffects(_ effects: Subscription.Effects, under lease: Lease) async throws -> Step {
        // One with too many parked events only tries those again.
        let takesFresh = try await !isFull()
        return try await withThrowingTaskGroup(of: News.self) { group in
            var round = Round(takesFresh: takesFresh)
            while true {
                while round.hasNews, round.failure == nil, canBegin(lease) {
                    round.hasNews = false
                    do {
                        try await fill(&round, under: lease)
                    } catch { round.failure = error }
                }
                while round.failure == nil, canBegin(lease),
                    strays.count < effects.strayCountMax,
                    round.window.runningCount < effects.concurrency,
                    let work = round.window.start()
                {
                    group.addTask(name: name) {
                        do {
                            return .done(
                                work, .success(try await self.perform(work, effects, lease)))
                        } catch { return .done(work, .failure(error)) }
                    }
                }
                guard round.window.runningCount > 0 else { break }
                // Where nothing new will be begun, only the ends are awaited. A lease that was
                // renewed late may be ours again at the next look.
                if !round.isListening, !environment.isStopping, !Task.isCancelled,
                    !round.isClosing, room(in: round.window) > 0
                {
                    round.isListening = true
                    listen(in: &group, upTo: round.untilDue)
                }
                if let news = try await group.next() { await take(news, &round, under: lease) }
            }
            group.cancelAll()
            return try await end(round, effects, under: lease)
        }
    }

    private func canBegin(_ lease: Lease) -> Bool {
        !environment.isStopping && !Task.isCancelled && mayBegin(under: lease)
    }

    private func listen(in group: inout ThrowingTaskGroup<News, any Error>, upTo untilDue: Duration)
    {
        let wait = min(environment.settings.pollInterval, untilDue)
        group.addTask(name: "wake") { [wake, environment] in
            await wake.wait(upTo: wait, clock: environment.clock)
            return .woken
        }
    }

    private func take(_ news: News, _ round: inout Round, under lease: Lease) async {
        switch news {
        case .woken:
            round.isListening = false
            round.hasNews = true
        case .done(let work, .success(let performance)):
            round.window.finish(work)
            if performance == .handled { round.handledCount += 1 }
            // One that was parked has a time when it is due; one that was waits for the next of
            // its key no longer.
            round.hasNews =
                performance == .parked || work.origin == nil
                || (!round.isExhausted && round.window.count <= halfBatch)
            do {
                try await storePlaces(of: round.window, atLeast: halfBatch, under: lease)
                try await endReplays(of: round.window, under: lease)
            } catch { round.failure = round.failure ?? error }
        case .done(let work, .failure(let error)):
            round.failure = round.failure ?? error
            round.window.abandon(work)
        }
    }

    private var halfBatch: Int { environment.settings.batchCountMax / 2 }

    private func end(
        _ round: Round, _ effects: Subscription.Effects, under lease: Lease
    ) async throws -> Step {
        var failure = round.failure
        do {
            try await storePlaces(of: round.window, atLeast: 1, under: lease)
            try await endReplays(of: round.window, under: lease)
            for stream in try await inflow.streams where round.window.readUpTo(stream) == nil {
                try await settlePlace(in: stream, under: lease)
            }
        } catch { failure = failure ?? error }
        if failure is ConsumerFull {
            let count = environment.settings.parkedCountMax
            stop(as: .full(parkedCount: count))
            state.withLock { $0.places = [:] }
            return Step(
                handledCount: round.handledCount, wait: environment.settings.pollInterval)
        }
        if let failure { throw failure }
        if strays.count >= effects.strayCountMax {
            stop(as: .hanging(count: strays.count))
        } else if round.takesFresh {
            takeStanding(round.standing)
        }
        // A wake-up that came to the listener of this round is not lost: one more round looks. So
        // does one after a look that was full but held nothing to perform: else a consumer that is
        // far behind would pass a batch of others' events each poll interval.
        return Step(
            handledCount: round.handledCount,
            hasMore: (round.isListening || !round.isExhausted)
                && strays.count < effects.strayCountMax,
            wait: min(round.untilDue, environment.settings.pollInterval))
    }

    /// Notes the end of replays that have come to it, also where there was nothing to read.
    private func endReplays(of window: EffectWindow, under lease: Lease) async throws {
        for stream in state.withLock({ $0.replays.keys.sorted() }) {
            guard let place = window.doneUpTo(stream) ?? state.withLock({ $0.places[stream] })
            else { continue }
            try await endReplay(of: stream, at: place, under: lease)
        }
    }

    /// How many events more may be taken in hand.
    private func room(in window: EffectWindow) -> Int {
        let settings = environment.settings
        guard window.count >= settings.batchCountMax else {
            return settings.batchCountMax - window.count
        }
        guard window.byteCount < settings.windowByteCountMax else { return 0 }
        return min(settings.windowCountMax - window.count, settings.batchCountMax)
    }

    /// Reads what there is room for: parked events that are due, then fresh ones of every stream.
    private func fill(_ round: inout Round, under lease: Lease) async throws {
        guard room(in: round.window) > 0 else { return }
        if !round.isClosing, isTimeToLook(), try await isReplayWanted() {
            // It begins when what is in hand is done.
            state.withLock { $0.lookedAt = nil }
            round.isClosing = true
        }
        guard !round.isClosing else {
            round.isExhausted = true
            return
        }
        let due = try await dueEvents(limit: environment.settings.retryCountMax)
        for event in due.events { round.window.add(parked: event) }
        // What is due now is in hand, or comes when one of those in hand is done.
        round.untilDue = due.untilDue > .zero ? due.untilDue : environment.settings.pollInterval
        round.isExhausted = true
        guard round.takesFresh else { return }
        for stream in try await inflow.streams {
            let room = room(in: round.window)
            guard room > 0 else {
                round.isExhausted = false
                return
            }
            guard let start = try await start(in: stream, &round, under: lease),
                let batch = try await inflow.next(of: stream, after: start, limit: room)
            else { continue }
            countUnknown(batch)
            let isSuspect = isSuspect(batch)
            if isSuspect {
                try await parkSuspects(batch, under: lease)
                round.hasNews = true
            }
            round.window.add(batch) { !isSuspect && subscription.hears($0) }
            if batch.items.count == room { round.isExhausted = false }
        }
    }

    /// Where to read a stream on; `nil` when it can't be.
    private func start(
        in stream: String, _ round: inout Round, under lease: Lease
    ) async throws -> Int64? {
        if let read = round.window.readUpTo(stream) { return read }
        guard let place = try await place(in: stream, under: lease) else {
            round.standing = state.withLock { $0.standing }
            return nil
        }
        return place
    }

    /// Remembers how far all is done, and stores it where that has moved by `count` or more.
    private func storePlaces(
        of window: EffectWindow, atLeast count: Int, under lease: Lease
    ) async throws {
        for stream in window.streams {
            guard let done = window.doneUpTo(stream) else { continue }
            let stored = state.withLock { $0.storedPlaces[stream] ?? 0 }
            if !window.hasHeard(stream) {
                try await passOver(to: done, in: stream, under: lease)
            } else if done - stored >= count {
                try await storePlace(done, in: stream, under: lease)
            } else {
                state.withLock { $0.places[stream] = done }
            }
        }
    }
}
