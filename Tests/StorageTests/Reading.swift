import FlotillaTesting
import Foundation
import Storage
import Synchronization
import Testing

/// Whether something has come about, and how often.
private final class Mark: Sendable {
    private let value = Atomic(0)
    var count: Int { value.load(ordering: .relaxed) }
    var isSet: Bool { count > 0 }
    func set() { value.add(1, ordering: .relaxed) }
}

@Suite struct `Reading from a file` {
    /// Keeps so many readers until the gate is opened for each.
    private func holding<T>(
        _ count: Int, of database: Database, _ body: @Sendable () async throws -> T
    ) async throws -> T {
        let (entered, enter) = AsyncStream<Void>.makeStream()
        let gate = Gate()
        return try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<count {
                group.addTask {
                    try await database.read { _ in
                        enter.yield()
                        gate.wait()
                    }
                }
            }
            var enteredCount = 0
            for await _ in entered {
                enteredCount += 1
                if enteredCount == count { break }
            }
            let result: Result<T, any Error>
            do { result = .success(try await body()) } catch { result = .failure(error) }
            for _ in 0..<count { gate.open() }
            try await group.waitForAll()
            return try result.get()
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `does not wait for three long ones`() async throws {
        let bench = try await Bench()
        try await bench.insert("a")
        let names = try await holding(3, of: bench.database) { try await bench.names() }
        #expect(names == ["a"])
    }

    @Test(.timeLimit(.minutes(1)))
    func `is answered at once when it is cancelled behind four long ones, and not run`()
        async throws
    {
        let bench = try await Bench()
        let hasRun = Mark()
        try await holding(4, of: bench.database) {
            let waiting = Task {
                try await bench.database.read { _ in hasRun.set() }
            }
            try await Task.sleep(for: .milliseconds(20))
            waiting.cancel()
            await #expect(throws: CancellationError.self) { try await waiting.value }
        }
        #expect(!hasRun.isSet)
    }

    @Test(.timeLimit(.minutes(1)))
    func `is refused when thousands wait already`() async throws {
        let bench = try await Bench()
        let outcomes = try await holding(4, of: bench.database) {
            let reads = (0..<4_200).map { _ in
                Task { try await bench.database.read { _ in } }
            }
            // Those that are refused are answered while the others wait.
            let refused = Mark()
            await withTaskGroup(of: Void.self) { group in
                for read in reads {
                    group.addTask {
                        do { try await read.value } catch let error as StorageError {
                            #expect(error.kind == .overloaded)
                            refused.set()
                        } catch {}
                    }
                }
                while refused.count < 104 {
                    try? await Task.sleep(for: .milliseconds(5))
                }
                for read in reads { read.cancel() }
            }
            return refused.count
        }
        #expect(outcomes == 104)
        #expect(try await bench.names().isEmpty)
    }

    @Test func `sees what was committed before it was asked for, beside many others`()
        async throws
    {
        let bench = try await Bench()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<8 {
                group.addTask {
                    for number in 0..<50 {
                        try await bench.insert("\(worker)/\(number)")
                        let names = try await bench.names()
                        #expect(names.contains("\(worker)/\(number)"))
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try await bench.names().count == 400)
    }

    @Test func `passes its error on, and the next one reads`() async throws {
        let bench = try await Bench()
        await #expect(throws: Planned.self) {
            try await bench.database.read { _ in throw Planned() }
        }
        await #expect(throws: StorageError.self) {
            try await bench.database.read { _ = try $0.rows("SELECT * FROM nothing") }
        }
        #expect(try await bench.names().isEmpty)
    }

    @Test func `is over before the file is closed`() async throws {
        let bench = try await Bench()
        let isOver = Mark()
        let closing = try await holding(1, of: bench.database) {
            let closing = Task {
                await bench.database.close()
                isOver.set()
            }
            try await Task.sleep(for: .milliseconds(50))
            #expect(!isOver.isSet)
            return closing
        }
        await closing.value
    }
}
