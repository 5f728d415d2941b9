import AsyncHTTPClient
import HTTPTypes
package import Hummingbird
import Metrics
import NIOCore
import NIOHTTP1
public import Platform
public import ServiceLifecycle
import Synchronization
package import Web

/// The process in front of the others: one address, behind which each path goes to the process
/// that runs its module.
///
/// It knows no module: the application tells it which paths there are, and where they lead.
public struct Gateway: Sendable {
    private let settings: GatewaySettings
    private let map: RouteMap
    private let modules: [String]
    private let rateLimit: RateLimit
    let fleet: Fleet
    let courier: Courier
    private let client: HTTPClient
    private let state = DrainState()

    /// Nothing is sent yet.
    ///
    /// - Parameters:
    ///   - routes: the paths behind it.
    ///   - modules: those that an upstream is looked for.
    public init(settings: GatewaySettings, routes: [GatewayRoute], modules: [String]) {
        self.settings = settings
        self.modules = modules
        map = RouteMap(routes)
        rateLimit = RateLimit(settings.rateLimit)
        fleet = Fleet(settings)
        client = HTTPClient(
            eventLoopGroupProvider: .singleton, configuration: Self.configuration(settings))
        courier = Courier(client: client, settings: settings)
    }

    /// What runs beside its requests: the probes, and the end of the connections.
    public var services: [any Service] {
        [UpstreamProbes(client: client, fleet: fleet, interval: settings.probeInterval)]
    }

    /// What a gateway with these settings needs; `flotilla check` runs them all.
    public static func checks(_ settings: GatewaySettings, modules: [String]) -> [Check] {
        let missing = settings.missing(of: modules).map { module in
            Check(GatewaySettings.upstreamKey(of: module)) {
                throw UpstreamMissing(module: module)
            }
        }
        return missing
            + Fleet(settings).upstreams.map { upstream in
                Check("gateway.upstreams (\(upstream.name))") {
                    try await UpstreamProbe(upstream: upstream).requireReady()
                }
            }
    }

    /// From now on `/health/ready` says no.
    public func drain() { state.drain() }

    var isDraining: Bool { state.isDraining }

    private static func configuration(_ settings: GatewaySettings) -> HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.decompression = .disabled
        configuration.timeout.connect = .nanoseconds(
            Int64(settings.connectTimeout / .nanoseconds(1)))
        // A listener's backlog; more wait in the pool for as long as a connection may take.
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 256
        configuration.connectionPool.retryConnectionEstablishment = false
        // A name is resolved for each new connection. These bound how long an old one, and so an
        // old address, stays in use: idle connections end after 30 s (which is also less than the
        // 75 s of the servers, so that they are not the ones to close first), busy ones after 100
        // requests, that is after seconds.
        configuration.connectionPool.idleTimeout = .seconds(30)
        configuration.maximumUsesPerConnection = 100
        // Spans are the courier's: the client's would name the query, and add a second
        // traceparent to the header that is there.
        configuration.tracing.tracer = nil
        return configuration
    }
}

extension Gateway: Passage {
    package func route(of path: String) -> String? { map.template(of: path) }

    package func respond(to request: PassedRequest) async throws -> Response {
        try limitRate(of: request)
        let deadline = ContinuousClock.now + settings.totalTimeout
        guard let match = map.match(request.head.method, request.path) else {
            throw Problem.notFound()
        }
        switch match.destination {
        case .module(let module):
            return try await forward(request, to: fleet.upstream(of: module), until: deadline)
        case .moduleOfConsumer(let placeholder):
            let module = match.values[placeholder, default: ""].prefix { $0 != "." }
            guard modules.contains(String(module)) else {
                throw Problem.notFound(code: "consumer.not_found", "there is no such consumer")
            }
            return try await forward(
                request, to: fleet.upstream(of: String(module)), until: deadline)
        case .all:
            return try await joinItems(request, until: deadline)
        case .pages(let member):
            return try await joinPages(request, orderedBy: member, until: deadline)
        case .account(let shape):
            return try await joinAccounts(request, shape, until: deadline)
        case .whoeverHasIt(let lookup):
            return try await passOn(
                request, toWhoeverHas: lookup, named: match.values, until: deadline)
        }
    }

    private func limitRate(of request: PassedRequest) throws {
        let wait = rateLimit.wait(for: request.clientAddress)
        Counter(
            label: "flotilla.rate_limit.decisions",
            dimensions: [("policy", "edge"), ("outcome", wait == nil ? "allowed" : "limited")]
        ).increment()
        if let wait { throw Problem.rateLimited("too many requests from this address", wait: wait) }
    }
}

/// A module's paths lead nowhere.
struct UpstreamMissing: Error, CustomStringConvertible {
    let module: String

    var description: String {
        "is not set, so requests for the module \(module) are answered 503"
    }
}

/// Whether shutdown has begun. A class, because the value is shared.
final class DrainState: Sendable {
    private let draining = Atomic(false)

    var isDraining: Bool { draining.load(ordering: .acquiring) }

    func drain() { draining.store(true, ordering: .releasing) }
}
