import Foundation
import Synchronization
import Testing

@testable import Notification

@Suite struct `Blocking work for mails` {
    @Test func `never runs on more threads than allowed`() async throws {
        let threads = MailThreads(countMax: 3)
        let gauge = Gauge()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<30 {
                group.addTask {
                    try await threads.run {
                        gauge.enter()
                        usleep(1_000)
                        gauge.leave()
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(gauge.now == 0)
        #expect((1...3).contains(gauge.most))
    }

    @Test func `gives its slot back when it throws`() async throws {
        struct Broken: Error {}
        let threads = MailThreads(countMax: 1)
        await #expect(throws: Broken.self) { try await threads.run { throw Broken() } }
        #expect(try await threads.run { 7 } == 7)
    }

    @Test func `leaves the line when its task is cancelled`() async throws {
        let slots = MailSlots(count: 1)
        try await slots.take()
        await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<50 { group.addTask { try await slots.take() } }
            group.cancelAll()
            while let result = await group.nextResult() {
                #expect(throws: CancellationError.self) { try result.get() }
            }
        }
        slots.giveBack()
        try await slots.take()
    }

    @Test func `hands its slot to the next in line`() async throws {
        let slots = MailSlots(count: 2)
        let gauge = Gauge()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<500 {
                group.addTask {
                    try await slots.take()
                    gauge.enter()
                    await Task.yield()
                    gauge.leave()
                    slots.giveBack()
                }
            }
            try await group.waitForAll()
        }
        #expect(gauge.now == 0)
        #expect((1...2).contains(gauge.most))
    }
}

/// Counts who is inside, and the most there ever were.
private final class Gauge: Sendable {
    private let counts = Mutex((now: 0, most: 0))

    var now: Int { counts.withLock { $0.now } }
    var most: Int { counts.withLock { $0.most } }

    func enter() {
        counts.withLock {
            $0.now += 1
            $0.most = max($0.most, $0.now)
        }
    }

    func leave() {
        counts.withLock { $0.now -= 1 }
    }
}
