import AsyncHTTPClient
import EventBus
import Events
import Foundation
import Platform
import ServiceLifecycle
import Settings
import Synchronization
import User
import Web

/// A process of its own that serves for as long as the seed needs it: modules, bus, and a listener
/// on a free port of this machine alone.
struct SeedProcess {
    let composition: Composition

    static let administrator = "admin@example.com"

    /// Serves while `body` runs, and closes everything.
    ///
    /// - Throws: what `body` or a service throws; `CancellationError` after SIGINT or SIGTERM.
    func run<T: Sendable>(
        _ body: @escaping @Sendable (SeedClient, _ administratorToken: String) async throws -> T
    ) async throws -> T {
        do {
            let result = try await serving(body)
            await composition.close()
            return result
        } catch {
            await composition.close()
            throw error
        }
    }

    private func serving<T: Sendable>(
        _ body: @escaping @Sendable (SeedClient, _ administratorToken: String) async throws -> T
    ) async throws -> T {
        try await composition.migrate()
        try await composition.bus.mendRestoredLogs()
        let verifier = try await composition.tokenKeys.verifier(
            composition.settings, endedAccess: composition.endedAccess)
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        let visit = SeedVisit {
            guard let port = await ports.first(where: { _ in true }) else {
                throw CancellationError()
            }
            let http = HTTPClient(eventLoopGroupProvider: .singleton)
            do {
                let client = SeedClient(url: "http://127.0.0.1:\(port)", http: http)
                let result = try await body(client, try await administratorToken(client))
                try await http.shutdown()
                return result
            } catch {
                try await http.shutdown()
                throw error
            }
        }
        var web = Server.webSettings(composition.settings)
        (web.host, web.port) = ("127.0.0.1", 0)
        let server = WebServer(
            routes: composition.modules.flatMap(\.routes), settings: web, verifier: verifier
        ) {
            port.yield($0)
        }
        let services: [any Service] =
            composition.tokenKeys.services + composition.modules.flatMap(\.services)
            + [composition.bus, composition.endedAccessFeed, server, visit]
        try await ServiceGroup(configuration: Server.configuration(services: services)).run()
        return try visit.result()
    }

    /// A token for an administrator, who is made when there is none. No log-in is needed for it:
    /// whoever runs this has the key.
    private func administratorToken(_ client: SeedClient) async throws -> String {
        // To find out who it is, anybody's will do that opens the list.
        let looking = client.with(token: try await token(for: UserID()))
        if let user = try await administrator(looking) { return try await token(for: user) }
        guard let users = composition.modules.compactMap({ $0 as? UserModule }).first else {
            throw SeedFailure("the module user does not run")
        }
        _ = try await users.createAdministrator(email: Self.administrator, password: password)
        guard let user = try await administrator(looking) else {
            throw SeedFailure("the administrator was not made")
        }
        return try await token(for: user)
    }

    /// What users and administrator log in with.
    let password: String

    private func administrator(_ client: SeedClient) async throws -> UserID? {
        try await client.all("/api/v1/users").first { $0["email"].text == Self.administrator }
            .flatMap { $0["id"].text }.flatMap { UserID($0) }
    }

    private func token(for user: UserID) async throws -> String {
        guard let key = composition.tokenKeys.signingKey else {
            throw SeedFailure("the key that signs tokens is not here")
        }
        let now = Date()
        return try await AccessTokenSigner(key: key).sign(
            AccessTokenClaims(
                principal: Principal(
                    userID: user, sessionID: UUID().uuidString.lowercased(),
                    roles: [Principal.administratorRole], permissions: [],
                    authenticatedAt: now, assurance: .twoFactors),
                issuer: composition.settings[AuthSettings.issuer],
                audience: composition.settings[AuthSettings.audience], issuedAt: now,
                lifetime: .seconds(1_800)))
    }
}

/// What is done while the process serves; when it is done, the process ends.
///
/// A class around a `Mutex`, to hand the result out of the group of services.
private final class SeedVisit<T: Sendable>: Service {
    private let body: @Sendable () async throws -> T
    private let outcome = Mutex<Result<T, any Error>?>(nil)

    init(_ body: @escaping @Sendable () async throws -> T) { self.body = body }

    func run() async throws {
        // Failures are told by ``result()``; to the group it is an end like any other.
        do {
            let result = try await cancelWhenGracefulShutdown { [body] in try await body() }
            outcome.withLock { $0 = .success(result) }
        } catch {
            outcome.withLock { $0 = .failure(error) }
        }
    }

    func result() throws -> T {
        guard let outcome = outcome.withLock(\.self) else { throw CancellationError() }
        return try outcome.get()
    }
}
