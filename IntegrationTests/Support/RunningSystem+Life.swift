import AsyncHTTPClient
import Foundation
import Testing

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
    let broker = topology.isSplit ? try Broker() : nil
    let own = try topology.environment(in: directory.path, storage: storage)
        .merging(broker?.environment ?? [:]) { $1 }
    let system = RunningSystem(
        topology, directory: directory, environment: own.merging(environment) { $1 },
        client: client, broker: broker)
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
