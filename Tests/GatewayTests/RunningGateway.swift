import AsyncHTTPClient
import Foundation
import HTTPTypes
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import ServiceLifecycle
import Settings
import Web

@testable import Gateway

/// A gateway over a real socket, in front of processes of a test.
struct RunningGateway: Sendable {
    static let routes: [GatewayRoute] = [
        GatewayRoute(.get, "/api/v1/orders", to: .module("order")),
        GatewayRoute(.post, "/api/v1/orders", to: .module("order")),
        GatewayRoute(.get, "/api/v1/orders/{id}", to: .module("order")),
        GatewayRoute(.get, "/api/v1/users/me", to: .module("user")),
        GatewayRoute(.get, "/api/v1/users/{id}", to: .module("search")),
        GatewayRoute(.get, "/admin/consumers", to: .all),
        GatewayRoute(.get, "/admin/letters", to: .pages(orderedBy: "parkedAt")),
        GatewayRoute(.get, letter.path, to: .whoeverHasIt(letter)),
        GatewayRoute(.post, "\(letter.path)/retry", to: .whoeverHasIt(letter)),
        GatewayRoute(
            .get, "/admin/stories/{id}",
            to: .account(AccountShape(parts: "deliveries", name: "consumer", children: "caused"))),
        GatewayRoute(
            .post, "/admin/consumers/{consumer}/replay",
            to: .moduleOfConsumer(placeholder: "consumer")),
    ]
    private static let letter = Lookup(
        path: "/admin/letters/{id}", distinction: "consumer", code: "letter.ambiguous")
    static let modules = ["order", "user", "search"]

    let port: Int
    let gateway: Gateway
    let client: HTTPClient

    var url: String { "http://127.0.0.1:\(port)" }

    func get(_ path: String, headers: HTTPHeaders = [:]) async throws -> GatewayAnswer {
        try await send(.GET, path, headers: headers)
    }

    /// Sends a request and reads the whole answer.
    func send(
        _ method: HTTPMethod, _ path: String, headers: HTTPHeaders = [:],
        body: String? = nil
    ) async throws -> GatewayAnswer {
        var request = HTTPClientRequest(url: url + path)
        request.method = method
        request.headers = headers
        if let body { request.body = .bytes(ByteBuffer(string: body)) }
        let response = try await client.execute(request, timeout: .seconds(100))
        let bytes = try await response.body.collect(upTo: 64 << 20)
        return GatewayAnswer(
            status: Int(response.status.code), headers: response.headers,
            text: String(buffer: bytes))
    }
}

struct GatewayAnswer: Sendable {
    let status: Int
    let headers: HTTPHeaders
    let text: String

    var json: [String: Any] {
        (try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]) ?? [:]
    }

    /// Whether it is an error in the form of all others, with its status in it.
    var isProblem: Bool {
        headers.first(name: "Content-Type") == "application/problem+json"
            && json["status"] as? Int == status
    }
}

/// Runs a gateway for as long as `body` takes.
///
/// - Parameter flags: settings without `gateway.`; probes are off unless an interval is given.
func withGateway(
    _ upstreams: [String: String], flags: [String: String] = [:], trusting proxies: String = "",
    requestBodyMax: Int = 1 << 20, _ body: (RunningGateway) async throws -> Void
) async throws {
    // Where the time to connect is not what a test is about, a busy machine has enough of it.
    var all = ["gateway.probeInterval": "10m", "gateway.connectTimeout": "25s"]
    for (module, url) in upstreams { all["gateway.upstreams.\(module)"] = url }
    for (key, value) in flags { all["gateway.\(key)"] = value }
    let settings = try Settings.load(
        file: nil, flags: all, environment: [:],
        catalogue: SettingsCatalogue(GatewaySettings.declared(modules: RunningGateway.modules)))
    let gateway = Gateway(
        settings: GatewaySettings(
            settings, modules: RunningGateway.modules, bodyByteCountMax: requestBodyMax),
        routes: RunningGateway.routes, modules: RunningGateway.modules)
    var web = WebServer.Settings()
    web.port = 0
    web.trustedProxies = TrustedProxies(proxies) ?? .none
    let (ports, announce) = AsyncStream<Int>.makeStream()
    let server = try await WebServer(passage: gateway, routes: gateway.routes, settings: web) {
        announce.yield($0)
    }
    var configuration = HTTPClient.Configuration()
    configuration.redirectConfiguration = .disallow
    configuration.connectionPool.retryConnectionEstablishment = false
    configuration.tracing.tracer = nil
    let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    let group = ServiceGroup(
        configuration: .init(
            services: (gateway.services + [server]).map { .init(service: $0) },
            logger: Logger(label: "test")))
    let result = try await withThrowingTaskGroup(of: Void.self) { tasks in
        tasks.addTask { try await group.run() }
        var iterator = ports.makeAsyncIterator()
        let port = await iterator.next() ?? 0
        let running = RunningGateway(port: port, gateway: gateway, client: client)
        let result: Result<Void, any Error>
        do { result = .success(try await body(running)) } catch { result = .failure(error) }
        try await client.shutdown()
        await group.triggerGracefulShutdown()
        try await tasks.waitForAll()
        return result
    }
    try result.get()
}

/// A client that says its bytes itself.
func speak(
    to port: Int, _ text: String, until isEnough: (String) async throws -> Bool
) async throws -> (heard: String, isClosed: Bool) {
    let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
        .connect(host: "127.0.0.1", port: port) { channel in
            channel.eventLoop.makeCompletedFuture {
                try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
            }
        }
    return try await channel.executeThenClose { inbound, outbound in
        try await outbound.write(ByteBuffer(string: text))
        var heard = ""
        if try await isEnough(heard) { return (heard, false) }
        do {
            for try await bytes in inbound {
                heard += String(buffer: bytes)
                if try await isEnough(heard) { return (heard, false) }
            }
        } catch is IOError {
            return (heard, true)
        }
        return (heard, true)
    }
}
