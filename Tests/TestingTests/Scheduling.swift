// Length: one suite, whose small helpers each test needs.
import FlotillaTesting
import Foundation
import Synchronization
import Testing

@Suite struct `Seeded randomness` {
    @Test func `is SplitMix64 to the bit`() {
        // From the authors' reference implementation.
        var random = SeededRandom(seed: 1_234_567)
        let expected: [UInt64] = [
            6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
            4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
        ]
        #expect(expected.map { _ in random.next() } == expected)
    }

    @Test func `goes on alike in a copy`() {
        var random = SeededRandom(seed: 1)
        _ = random.next()
        var copy = random
        #expect(random.next() == copy.next())
    }
}

@Suite struct `A seeded scheduler` {
    @Test func `the same seed gives the same interleaving`() async throws {
        for seed in 0..<20 as Range<UInt64> {
            #expect(try await trace(seed: seed) == trace(seed: seed))
        }
    }

    @Test func `the same seed gives the same interleaving in another process`() async throws {
        let other = try await #require(
            processExitsWith: .success, observing: [\.standardOutputContent]
        ) {
            print(try await trace(seed: 11))
        }
        let text = String(decoding: other.standardOutputContent, as: UTF8.self)
        #expect(try await text.contains(trace(seed: 11)))
    }

    @Test func `different seeds give different interleavings`() async throws {
        var traces: Set<String> = []
        for seed in 0..<20 as Range<UInt64> { traces.insert(try await trace(seed: seed)) }
        #expect(traces.count == 20)
    }

    @Test func `runs everything on one thread, actors and children too`() async throws {
        let isAlone = try await SeededScheduler.run(seed: 1) { scheduler in
            let thread = currentThread()
            let tally = Tally()
            async let first = { currentThread() == thread }()
            async let second = tally.isOn(thread, scheduler)
            let third = Task(executorPreference: scheduler) { currentThread() == thread }
            let others = await withTaskGroup(of: Bool.self) { group in
                for _ in 0..<10 { group.addTask { await tally.isOn(thread, scheduler) } }
                return await group.reduce(true) { $0 && $1 }
            }
            await Task.yield()
            let results = await [first, second, third.value, others, currentThread() == thread]
            return results.allSatisfy(\.self)
        }
        #expect(isAlone)
    }

    @Test func `draws its randomness from the seed`() async throws {
        let draw: @Sendable (SeededScheduler) async throws -> [UInt64] = { scheduler in
            await scheduler.pause()
            return scheduler.random { random in (0..<3).map { _ in random.next() } }
        }
        let once = try await SeededScheduler.run(seed: 5, draw)
        #expect(try await SeededScheduler.run(seed: 5, draw) == once)
        #expect(try await SeededScheduler.run(seed: 6, draw) != once)
    }

    @Test func `hands on what the body returns and throws`() async throws {
        struct Refusal: Error {}
        #expect(try await SeededScheduler.run(seed: 1) { _ in "done" } == "done")
        await #expect(throws: Refusal.self) {
            try await SeededScheduler.run(seed: 1) { scheduler in
                try await withThrowingTaskGroup { group in
                    group.addTask { try await scheduler.clock.sleep(for: .seconds(1)) }
                    group.addTask {
                        await scheduler.pause()
                        throw Refusal()
                    }
                    try await group.waitForAll()
                }
            }
        }
    }

    @Test func `keeps the caller's task-local values`() async throws {
        let name = try await Local.$name.withValue("caller") {
            try await SeededScheduler.run(seed: 1) { scheduler in
                await scheduler.pause()
                return Local.name
            }
        }
        #expect(name == "caller")
    }

    @Test func `ends when its caller is cancelled`() async throws {
        let run = Task {
            try await SeededScheduler.run(seed: 1, stepCountMax: .max) { scheduler in
                while true { try await scheduler.clock.sleep(for: .nanoseconds(1)) }
            }
        }
        run.cancel()
        await #expect(throws: CancellationError.self) { try await run.value }
    }
}

@Suite struct `Virtual time` {
    @Test func `jumps to the next sleeper`() async throws {
        let started = ContinuousClock.now
        let times = try await SeededScheduler.run(seed: 1) { scheduler in
            let woken = Shared<[Duration]>([])
            try await withThrowingTaskGroup { group in
                for hours in [3, 1, 2] {
                    group.addTask {
                        try await scheduler.clock.sleep(for: .seconds(hours * 3_600))
                        woken.withLock { $0.append(scheduler.now) }
                    }
                }
                try await group.waitForAll()
            }
            return woken.withLock { $0 }
        }
        #expect(times == [.seconds(3_600), .seconds(7_200), .seconds(10_800)])
        #expect(ContinuousClock.now - started < .seconds(60))
    }

    @Test func `stands still while anything is ready`() async throws {
        let now = try await SeededScheduler.run(seed: 1) { scheduler in
            async let sleep: Void = scheduler.clock.sleep(for: .seconds(1))
            for _ in 0..<100 { await scheduler.pause() }
            let now = scheduler.now
            try await sleep
            return now
        }
        #expect(now == .zero)
    }

    @Test func `lets the seed order those who wake together`() async throws {
        var orders: Set<[Int]> = []
        for seed in 0..<100 as Range<UInt64> {
            let order = try await SeededScheduler.run(seed: seed) { scheduler in
                let woken = Shared<[Int]>([])
                try await withThrowingTaskGroup { group in
                    for number in 0..<3 {
                        group.addTask {
                            try await scheduler.clock.sleep(for: .seconds(1))
                            woken.withLock { $0.append(number) }
                        }
                    }
                    try await group.waitForAll()
                }
                return woken.withLock { $0 }
            }
            orders.insert(order)
        }
        #expect(orders.count == 6)
    }

    @Test func `a sleeper that is cancelled wakes at once`() async throws {
        let now = try await SeededScheduler.run(seed: 1) { scheduler in
            let sleeper = Task(executorPreference: scheduler) {
                try await scheduler.clock.sleep(for: .seconds(3_600))
            }
            try await scheduler.clock.sleep(for: .seconds(1))
            sleeper.cancel()
            await #expect(throws: CancellationError.self) { try await sleeper.value }
            return scheduler.now
        }
        #expect(now == .seconds(1))
    }

    @Test func `nobody who is cancelled falls asleep`() async throws {
        let now = try await SeededScheduler.run(seed: 1) { scheduler in
            await withTaskGroup { group in
                group.addTask {
                    await #expect(throws: CancellationError.self) {
                        try await scheduler.clock.sleep(for: .seconds(1))
                    }
                    await #expect(throws: CancellationError.self) {
                        try await scheduler.clock.sleep(for: .zero)
                    }
                }
                group.cancelAll()
            }
            return scheduler.now
        }
        #expect(now == .zero)
    }
}

@Suite struct `A simulation that goes wrong` {
    @Test func `tells a deadlock`() async throws {
        let failure = try await failure(seed: 3) { _ in
            for await _ in AsyncStream<Int>.makeStream().stream {}
        }
        #expect(failure.reason == .deadlock)
        #expect(failure.seed == 3)
        #expect("\(failure)".hasPrefix("deadlock: "))
    }

    @Test func `tells a deadlock that cancellation does not end`() async throws {
        // Kept, so that the continuation is resumed after all: a leaked one is reported.
        let stuck = Mutex<CheckedContinuation<Void, Never>?>(nil)
        let failure = try await failure { _ in
            await withCheckedContinuation { continuation in
                stuck.withLock { $0 = continuation }
            }
        }
        #expect(failure.reason == .deadlock)
        stuck.withLock { $0?.resume() }
    }

    @Test func `tells a livelock`() async throws {
        let failure = try await failure(stepCountMax: 1_000) { scheduler in
            while !Task.isCancelled { await scheduler.pause() }
        }
        #expect(failure.reason == .livelock)
        #expect(failure.stepCount == 1_000)
    }

    @Test func `tells a livelock that cancellation does not end`() async throws {
        let failure = try await failure(stepCountMax: 1_000) { scheduler in
            while true { await scheduler.pause() }
        }
        #expect(failure.reason == .livelock)
    }

    @Test func `tells that time runs out`() async throws {
        let failure = try await failure(timeMax: .seconds(60)) { scheduler in
            while true { try await scheduler.clock.sleep(for: .seconds(7)) }
        }
        #expect(failure.reason == .overtime)
        #expect(failure.now == .seconds(56))
    }

    @Test func `tells that a job came from another thread`() async throws {
        let failure = try await failure { scheduler in
            let waiter = Shared<CheckedContinuation<Void, Never>?>(nil)
            async let wait: Void = withCheckedContinuation { continuation in
                waiter.withLock { $0 = continuation }
            }
            while waiter.withLock({ $0 == nil }) { await scheduler.pause() }
            onAnotherThread { waiter.withLock { $0?.resume() } }
            await wait
        }
        #expect(failure.reason == .escape(count: 1))
    }

    @Test func `tells that another thread drew from the seed`() async throws {
        let failure = try await failure { scheduler in
            onAnotherThread { _ = scheduler.random { $0.next() } }
        }
        #expect(failure.reason == .escape(count: 1))
    }

    @Test func `tells that a task left for Swift's own threads`() async throws {
        for _ in 0..<100 {
            let failure = try await failure { _ in Task {} }
            #expect(failure.reason == .escape(count: 1))
        }
    }

    @Test func `tells of tasks that outlive the root`() async throws {
        let failure = try await failure { scheduler in
            _ = Task(executorPreference: scheduler) {
                try await scheduler.clock.sleep(for: .seconds(1))
            }
            await scheduler.pause()
            await scheduler.pause()
        }
        #expect(failure.reason == .outlived(sleeperCount: 1))
    }
}

@Suite struct `Searching for a race` {
    @Test func `some seed finds it, and finds it again`() async throws {
        var found: [UInt64] = []
        for seed in 0..<50 as Range<UInt64> where try await total(seed: seed) != 2 {
            found.append(seed)
        }
        #expect(!found.isEmpty)
        #expect(found.count < 50)
        for seed in found { #expect(try await total(seed: seed) == 1) }
    }

    @Test func `finds one between tasks that wake together`() async throws {
        var totals: Set<Int> = []
        for seed in 0..<50 as Range<UInt64> {
            totals.insert(try await total(seed: seed, after: .seconds(1)))
        }
        #expect(totals == [1, 2])
    }

    /// Two tasks add one each, reading before an await and writing after it.
    private func total(seed: UInt64, after delay: Duration = .zero) async throws -> Int {
        try await SeededScheduler.run(seed: seed) { scheduler in
            let total = Shared(0)
            try await withThrowingTaskGroup { group in
                for _ in 0..<2 {
                    group.addTask {
                        try await scheduler.clock.sleep(for: delay)
                        let before = total.withLock { $0 }
                        await scheduler.pause()
                        total.withLock { $0 = before + 1 }
                    }
                }
                try await group.waitForAll()
            }
            return total.withLock { $0 }
        }
    }
}

// MARK: - Helpers

private enum Local {
    @TaskLocal static var name = ""
}

/// What several tasks write to: they can't capture a `Mutex` itself.
private final class Shared<Value: Sendable>: Sendable {
    private let value: Mutex<Value>

    init(_ value: Value) { self.value = Mutex(value) }

    func withLock<T: Sendable>(_ body: (inout Value) -> T) -> T {
        value.withLock { value in body(&value) }
    }
}

private actor Tally {
    func isOn(_ thread: ObjectIdentifier, _ scheduler: SeededScheduler) async -> Bool {
        let before = currentThread() == thread
        await scheduler.pause()
        return before && currentThread() == thread
    }
}

/// `Thread.current` is not for asynchronous contexts, but which one it is matters here.
private func currentThread() -> ObjectIdentifier { ObjectIdentifier(Thread.current) }

/// Returns when `body` has, there.
private func onAnotherThread(_ body: @escaping @Sendable () -> Void) {
    let done = DispatchSemaphore(value: 0)
    Thread.detachNewThread {
        body()
        done.signal()
    }
    done.wait()
}

/// What three tasks did, in order, and the scheduler's own digest of it.
private func trace(seed: UInt64) async throws -> String {
    try await SeededScheduler.run(seed: seed) { scheduler in
        let trace = Shared("")
        let tally = Tally()
        try await withThrowingTaskGroup { group in
            for name in ["a", "b", "c"] {
                group.addTask {
                    for step in 1...5 {
                        trace.withLock { $0 += "\(name)\(step) " }
                        await scheduler.pause()
                        _ = await tally.isOn(currentThread(), scheduler)
                        try await scheduler.clock.sleep(for: .milliseconds(step % 3))
                    }
                }
            }
            try await group.waitForAll()
        }
        return trace.withLock { $0 } + "\(scheduler.now) \(scheduler.fingerprint)"
    }
}

private func failure(
    seed: UInt64 = 1, stepCountMax: Int = 100_000, timeMax: Duration = .seconds(1_000_000),
    _ body: @escaping @Sendable (SeededScheduler) async throws -> Void
) async throws -> SchedulingFailure {
    try await #require(throws: SchedulingFailure.self) {
        try await SeededScheduler.run(
            seed: seed, stepCountMax: stepCountMax, timeMax: timeMax, body)
    }
}
