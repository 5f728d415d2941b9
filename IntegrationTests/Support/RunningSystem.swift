import AsyncHTTPClient
import Foundation
import Synchronization
import Testing

/// A system that runs for one test, over a directory of its own.
final class RunningSystem: Sendable {
    let topology: Topology
    let directory: Directory
    /// What its processes and the commands beside them are told.
    let environment: [String: String]
    private let client: HTTPClient
    /// Keeps the logs of several processes over one directory apart.
    private let label: String
    private let state = Mutex<State>(State())

    private struct State: Sendable {
        var server: Child?
        var url = ""
        var startCount = 0
    }

    fileprivate init(
        _ topology: Topology, directory: Directory, environment: [String: String],
        client: HTTPClient, label: String = ""
    ) {
        self.topology = topology
        self.directory = directory
        self.environment = environment
        self.client = client
        self.label = label
    }

    /// Another process over the same directory, not started yet.
    fileprivate func another(_ label: String) -> RunningSystem {
        RunningSystem(
            topology, directory: directory, environment: environment, client: client,
            label: label)
    }

    /// The system as an anonymous client sees it.
    var api: API { API(url: state.withLock(\.url), client: client) }

    var port: UInt16 { UInt16(api.url.split(separator: ":").last ?? "") ?? 0 }

    /// The process; `nil` before the first start.
    var server: Child? { state.withLock(\.server) }

    /// Starts it, and does not wait.
    @discardableResult func launch() throws -> Int {
        let number = state.withLock { state in
            state.startCount += 1
            return state.startCount
        }
        let server = try Child(
            Program.flotilla, ["serve", "--port", "0"], environment: environment,
            directory: directory.path, output: "\(directory.path)/\(label)log-\(number)",
            complaints: "\(directory.path)/\(label)err-\(number)")
        state.withLock { $0.server = server }
        return number
    }

    /// Starts it, and waits until it listens.
    func start() async throws {
        let number = try launch()
        let server = self.server
        let seen = try await eventually("the server listens") {
            (lines: try lines(of: number), end: server?.end)
        } until: {
            $0.end != nil || $0.lines.contains { $0["message"] == "listening" }
        }
        guard let url = seen.lines.first(where: { $0["message"] == "listening" }),
            let url = url["server.url"].string
        else { throw DidNotStart(complaints: try directory.text("\(label)err-\(number)")) }
        state.withLock { $0.url = url }
    }

    /// Ends it like a power cut.
    func kill() async throws {
        let server = state.withLock(\.server)
        server?.kill()
        _ = try await server?.ended()
    }

    /// Asks it to end; says how it ended and how long that took.
    func stop() async throws -> (exitCode: Int32, duration: Duration) {
        let start = ContinuousClock.now
        requestStop()
        guard let end = try await state.withLock(\.server)?.ended() else {
            throw CancellationError()
        }
        return (end.exitCode, end.at - start)
    }

    /// Sends SIGTERM and does not wait.
    func requestStop() { state.withLock(\.server)?.terminate() }

    /// Runs a command beside the server, with the same settings.
    func command(
        _ arguments: [String], environment more: [String: String] = [:], input: String = "",
        within limit: Duration = .seconds(20)
    ) async throws -> Program {
        try await Program.run(
            Program.flotilla, arguments, environment: environment.merging(more) { $1 },
            input: Data(input.utf8), in: directory.path, within: limit)
    }

    /// Every line that the system logged since its first start.
    var logText: String {
        get throws {
            try (1...state.withLock(\.startCount)).map { try directory.text("\(label)log-\($0)") }
                .joined()
        }
    }

    private func lines(of number: Int) throws -> [JSON] {
        try directory.text("\(label)log-\(number)").split(separator: "\n").compactMap {
            try? JSON(parsing: Data($0.utf8))
        }
    }
}

/// The server ended instead of listening.
struct DidNotStart: Error {
    let complaints: String
}

/// Runs a system for as long as `body` takes, and leaves nothing of it behind.
///
/// - Parameter prepare: what is to happen to its databases, made and migrated, before it starts.
func withSystem(
    _ topology: Topology, environment: [String: String] = [:],
    prepare: ((RunningSystem) async throws -> Void)? = nil,
    _ body: (RunningSystem) async throws -> Void
) async throws {
    var configuration = HTTPClient.Configuration()
    configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 64
    configuration.connectionPool.retryConnectionEstablishment = false
    let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    let directory = try Directory()
    // A place that the test has made itself needs no other.
    let storage = environment["FLOTILLA_STORAGE_URL"]
    let own = try topology.environment(in: directory.path, storage: storage)
    let system = RunningSystem(
        topology, directory: directory, environment: own.merging(environment) { $1 },
        client: client)
    let result: Result<Void, any Error>
    do {
        if let prepare {
            let migrated = try await system.command(["migrate"])
            try #require(migrated.exitCode == 0, "\(migrated)")
            try await prepare(system)
        }
        try await system.start()
        result = .success(try await body(system))
    } catch {
        result = .failure(error)
    }
    try? await system.kill()
    try? await client.shutdown()
    directory.remove()
    if storage == nil { topology.remove(own) }
    try result.get()
}

/// Runs two processes over one directory, of which the first was there before.
func withTwoProcesses(
    _ topology: Topology, environment: [String: String] = [:],
    prepare: ((RunningSystem) async throws -> Void)? = nil,
    _ body: (_ first: RunningSystem, _ second: RunningSystem) async throws -> Void
) async throws {
    try await withProcesses(2, topology, environment: environment, prepare: prepare) {
        try await body($0[0], $0[1])
    }
}

/// Runs several processes over one directory, started one after the other.
func withProcesses(
    _ count: Int, _ topology: Topology, environment: [String: String] = [:],
    prepare: ((RunningSystem) async throws -> Void)? = nil,
    _ body: ([RunningSystem]) async throws -> Void
) async throws {
    try await withSystem(topology, environment: environment, prepare: prepare) { first in
        let others = (1..<count).map { first.another("\($0 + 1)-") }
        defer { for other in others { other.server?.kill() } }
        for other in others { try await other.start() }
        try await body([first] + others)
        for other in others { try await other.kill() }
    }
}
