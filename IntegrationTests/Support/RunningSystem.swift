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
    /// Where the processes of a split one meet; `nil` in one process.
    let broker: Broker?
    private let client: HTTPClient
    /// Keeps the logs of several processes over one directory apart.
    private let label: String
    private let state = Mutex<State>(State())

    private struct State: Sendable {
        var servers: [Role?: Child] = [:]
        var url = ""
        var startCount = 0
        /// The URLs of the processes behind the gateway.
        var upstreams: [Role: String] = [:]
    }

    init(
        _ topology: Topology, directory: Directory, environment: [String: String],
        client: HTTPClient, broker: Broker?, label: String = ""
    ) {
        self.topology = topology
        self.directory = directory
        self.environment = environment
        self.client = client
        self.broker = broker
        self.label = label
    }

    /// Another process over the same directory, not started yet.
    func another(_ label: String) -> RunningSystem {
        RunningSystem(
            topology, directory: directory, environment: environment, client: client,
            broker: broker, label: label)
    }

    /// A fleet over the same databases, of which nothing runs yet; its processes take the keys of
    /// tokens from this system until they have a user process of their own.
    func fleet(over broker: Broker) throws -> RunningSystem {
        let fleet = RunningSystem(
            .splitPostgres, directory: directory,
            environment: environment.merging(try broker.environment) { $1 }
                .filter { $0.key != "FLOTILLA_BUS_EXTERNALIZE" },
            client: client, broker: broker, label: "fleet-")
        let url = api.url
        fleet.state.withLock { $0.upstreams[.user] = url }
        return fleet
    }

    /// The system as an anonymous client sees it.
    var api: API { API(url: state.withLock(\.url), client: client) }

    var port: UInt16 { UInt16(api.url.split(separator: ":").last ?? "") ?? 0 }

    /// The process that clients talk to; `nil` before the first start.
    var server: Child? { state.withLock { $0.servers[topology.isSplit ? .gateway : nil] } }

    /// The processes that run modules, as they are seen from beside the gateway.
    var apisOfModules: [API] {
        guard topology.isSplit else { return [api] }
        return state.withLock { Array($0.upstreams.values) }.sorted().map { api.with(url: $0) }
    }

    /// All of its processes, each seen for itself.
    var apisOfProcesses: [API] { topology.isSplit ? [api] + apisOfModules : [api] }

    /// The process that runs the modules of a role, as it is seen from beside the gateway.
    func api(of role: Role) -> API {
        api.with(url: state.withLock { $0.upstreams[role] ?? $0.url })
    }

    /// The process of a role.
    func server(of role: Role) -> Child? { state.withLock { $0.servers[role] } }

    /// Starts it, and does not wait.
    @discardableResult func launch(_ role: Role? = nil) throws -> Int {
        let (number, upstreams) = state.withLock { state in
            state.startCount += 1
            return (state.startCount, state.upstreams)
        }
        var environment = environment
        if let role {
            environment["FLOTILLA_TELEMETRY_SERVICE_NAME"] = "flotilla-\(role)"
            // Behind the gateway, on this machine.
            environment["FLOTILLA_HTTP_TRUSTED_PROXIES"] = "127.0.0.1/32"
            if role != .user, let user = upstreams[.user] {
                environment["FLOTILLA_AUTH_JWKS_URL"] = user + "/.well-known/jwks.json"
            }
        }
        if role == .gateway {
            for (other, url) in upstreams {
                for module in other.modules {
                    environment["FLOTILLA_GATEWAY_UPSTREAMS_\(module.uppercased())"] = url
                }
            }
        }
        let server = try Child(
            Program.flotilla,
            ["serve", "--port", "\(try port(of: role))"]
                + (role.map { ["--modules", $0.modules.joined(separator: ",")] } ?? []),
            environment: environment, directory: directory.path,
            output: "\(directory.path)/\(label)log-\(number)",
            complaints: "\(directory.path)/\(label)err-\(number)")
        state.withLock { $0.servers[role] = server }
        return number
    }

    /// A process of several that is started again keeps its port: the gateway knows it by that.
    private func port(of role: Role?) throws -> String {
        guard let role else { return "0" }
        return try keptPort(of: role) ?? "\(SilentListener.freePort())"
    }

    private func keptPort(of role: Role) -> String? {
        state.withLock { role == .gateway ? $0.url : $0.upstreams[role] }?
            .split(separator: ":").last.map(String.init)
    }

    /// Starts it, and waits until it listens.
    func start() async throws {
        guard topology.isSplit else {
            let url = try await start(nil)
            return state.withLock { $0.url = url }
        }
        let first = state.withLock(\.startCount) + 1
        state.withLock {
            $0.upstreams[.user] = $0.servers[.user] == nil ? nil : $0.upstreams[.user]
        }
        // The keys that check tokens are the first thing that the others want to know.
        let user = try await start(.user)
        state.withLock { $0.upstreams[.user] = user }
        for role in [Role.orders, .followers] {
            let url = try await start(role)
            state.withLock { $0.upstreams[role] = url }
        }
        let url = try await start(.gateway)
        state.withLock { $0.url = url }
        try await hearing(since: first)
    }

    /// Waits until every module hears what the broker has: a group takes a few seconds over it.
    private func hearing(since first: Int) async throws {
        let last = state.withLock(\.startCount)
        try await eventually("every module hears", within: .seconds(40)) {
            Set(
                try (first...last).flatMap { try lines(of: $0) }
                    .filter { $0["message"] == "partitions assigned" }
                    .compactMap { $0["module"].string })
        } until: {
            $0.isSuperset(of: [
                "product", "order", "payment", "search", "notification", "audit",
            ])
        }
    }

    /// Starts the process of a role, and tells where it listens.
    @discardableResult func start(_ role: Role?) async throws -> String {
        let number = try launch(role)
        let server = state.withLock { $0.servers[role] }
        let seen = try await eventually("the server listens") {
            (lines: try lines(of: number), end: server?.end)
        } until: {
            $0.end != nil || $0.lines.contains { $0["message"] == "listening" }
        }
        guard let url = seen.lines.first(where: { $0["message"] == "listening" }),
            let url = url["server.url"].string
        else { throw DidNotStart(complaints: try directory.text("\(label)err-\(number)")) }
        return url
    }

    /// Asks the process of a role to end, and waits for it.
    func stop(_ role: Role) async throws -> Int32 {
        guard let process = server(of: role) else { throw CancellationError() }
        process.terminate()
        return try await process.ended().exitCode
    }

    /// Ends a process of a split system like a power cut.
    func kill(_ role: Role) async throws {
        let server = server(of: role)
        server?.kill()
        _ = try await server?.ended()
    }

    /// Ends it like a power cut.
    func kill() async throws {
        let servers = state.withLock { Array($0.servers.values) }
        for server in servers { server.kill() }
        for server in servers { _ = try await server.ended() }
    }

    /// Asks it to end, of several processes those first whom nobody asks any more; says how the
    /// worst ended and how long the slowest took.
    func stop() async throws -> (exitCode: Int32, duration: Duration) {
        var worst: (exitCode: Int32, duration: Duration) = (0, .zero)
        var left = state.withLock(\.servers)
        for isNext in [{ $0 == .gateway }, { $0 != .user }, { _ in true }] as [(Role?) -> Bool] {
            let servers = left.filter { isNext($0.key) }.values
            left = left.filter { !isNext($0.key) }
            let start = ContinuousClock.now
            for server in servers { server.terminate() }
            for server in servers {
                let end = try await server.ended()
                worst = (max(worst.exitCode, end.exitCode), max(worst.duration, end.at - start))
            }
        }
        return worst
    }

    /// Asks the process that clients talk to to end, and does not wait.
    func requestStop() { server?.terminate() }

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
