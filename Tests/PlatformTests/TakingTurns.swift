import Foundation
import Synchronization
import Testing

@testable import Platform

@Suite struct `Taking turns` {
    @Test func `B22: never runs on more threads than allowed`() async throws {
        let threads = WorkThreads(name: "test", countMax: 3)
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

    @Test func `gives its turn back when it throws`() async throws {
        struct Broken: Error {}
        let threads = WorkThreads(name: "test", countMax: 1)
        await #expect(throws: Broken.self) { try await threads.run { throw Broken() } }
        #expect(try await threads.run { 7 } == 7)
    }

    @Test func `B26: leaves the line when its task is cancelled`() async throws {
        let turns = Turns(count: 1)
        try await turns.take()
        await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<50 { group.addTask { try await turns.take() } }
            group.cancelAll()
            while let result = await group.nextResult() {
                #expect(throws: CancellationError.self) { try result.get() }
            }
        }
        turns.giveBack()
        try await turns.take()
    }

    @Test func `B23: refuses when too many wait, and takes who comes later`() async throws {
        let threads = WorkThreads(name: "test", countMax: 1)
        let turns = Turns(count: 1)
        try await turns.take()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await turns.take(lineMax: 1) }
            while turns.waitingCount == 0 { try await Task.sleep(for: .milliseconds(1)) }
            await #expect(throws: Overloaded.self) { try await turns.take(lineMax: 1) }
            turns.giveBack()
            try await group.waitForAll()
        }
        turns.giveBack()
        #expect(try await threads.run(lineMax: 0) { 7 } == 7)
    }

    @Test func `S27: who may wait in half of the line leaves the other half to others`()
        async throws
    {
        let turns = Turns(count: 1)
        try await turns.take()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<2 { group.addTask { try await turns.take(lineMax: 2) } }
            while turns.waitingCount < 2 { try await Task.sleep(for: .milliseconds(1)) }
            await #expect(throws: Overloaded.self) { try await turns.take(lineMax: 2) }
            group.addTask { try await turns.take(lineMax: 4) }
            while turns.waitingCount < 3 { try await Task.sleep(for: .milliseconds(1)) }
            for _ in 0..<3 { turns.giveBack() }
            try await group.waitForAll()
        }
        turns.giveBack()
    }

    @Test func `refuses who waited for too long, and begins who did not`() async throws {
        let turns = Turns(count: 1, patience: .milliseconds(200))
        try await turns.take()
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                await #expect(throws: Overloaded.self) { try await turns.take() }
                return false
            }
            while turns.waitingCount == 0 { try await Task.sleep(for: .milliseconds(1)) }
            try await Task.sleep(for: .milliseconds(250))
            group.addTask {
                try await turns.take()
                return true
            }
            while turns.waitingCount == 1 { try await Task.sleep(for: .milliseconds(1)) }
            turns.giveBack()
            #expect(try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 } == 1)
        }
    }

    @Test func `hands its turn to the next in line`() async throws {
        let turns = Turns(count: 2)
        let gauge = Gauge()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<500 {
                group.addTask {
                    try await turns.take()
                    gauge.enter()
                    await Task.yield()
                    gauge.leave()
                    turns.giveBack()
                }
            }
            try await group.waitForAll()
        }
        #expect(gauge.now == 0)
        #expect((1...2).contains(gauge.most))
    }
}

@Suite struct `Taking turns by key` {
    @Test func `B41: one at a time for each key`() async throws {
        let turns = KeyedTurns()
        let gauges = ["a": Gauge(), "b": Gauge(), "c": Gauge()]
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<300 {
                let key = ["a", "b", "c"][index % 3]
                let gauge = try #require(gauges[key])
                group.addTask {
                    try await turns.run(key) {
                        gauge.enter()
                        await Task.yield()
                        gauge.leave()
                    }
                }
            }
            try await group.waitForAll()
        }
        for gauge in gauges.values {
            #expect(gauge.now == 0)
            #expect(gauge.most == 1)
        }
    }

    @Test func `does not wait for another key`() async throws {
        let turns = KeyedTurns()
        let value = try await turns.run("a") { try await turns.run("b") { 7 } }
        #expect(value == 7)
    }

    @Test func `gives its turn to the next when it throws`() async throws {
        struct Broken: Error {}
        let turns = KeyedTurns()
        await #expect(throws: Broken.self) { try await turns.run("a") { throw Broken() } }
        #expect(try await turns.run("a") { 7 } == 7)
    }

    @Test func `refuses when too many wait for a key, and takes who comes later`() async throws {
        let turns = KeyedTurns()
        try await turns.run("a") {
            await #expect(throws: Overloaded.self) { try await turns.run("a", lineMax: 0) {} }
            let other = try await turns.run("b", lineMax: 0) { 7 }
            #expect(other == 7)
        }
        #expect(try await turns.run("a", lineMax: 0) { 7 } == 7)
    }

    @Test func `leaves a key's line when its task is cancelled`() async throws {
        let turns = KeyedTurns()
        try await turns.run("a") {
            await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<50 { group.addTask { try await turns.run("a") {} } }
                group.cancelAll()
                while let result = await group.nextResult() {
                    #expect(throws: CancellationError.self) { try result.get() }
                }
            }
        }
        #expect(try await turns.run("a", lineMax: 0) { 7 } == 7)
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
