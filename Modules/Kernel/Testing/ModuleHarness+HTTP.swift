public import Events
public import Foundation
public import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Platform
public import Web

/// Who a test request comes from.
public struct TestCaller: Sendable {
    /// The user.
    public let userID: UserID
    /// Their roles, `admin` among them.
    public let roles: Set<String>
    /// What their roles permit.
    public let permissions: Set<String>

    /// A user with or without roles.
    public init(
        _ userID: UserID = UserID(), roles: Set<String> = [], permissions: Set<String> = []
    ) {
        self.userID = userID
        self.roles = roles
        self.permissions = permissions
    }
}

/// An answer to a test request.
public struct TestAnswer: Sendable {
    /// The status, a problem's as well.
    public let status: HTTPResponse.Status
    /// The headers with those that the middlewares add.
    public let headers: HTTPFields
    /// The whole body; empty when there is none.
    public let body: Data

    /// Puts an answer together.
    public init(status: HTTPResponse.Status, headers: HTTPFields, body: Data) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// Sends a request through the whole stack of middlewares, without a socket.
    ///
    /// - Throws: what Hummingbird's test client throws; problems are answers.
    public static func of(
        _ routes: [Route], verifier: AccessTokenVerifier, to method: HTTPRequest.Method,
        _ path: String, headers: HTTPFields, body: String?
    ) async throws -> TestAnswer {
        let app = Application(
            responder: WebServer.responder(
                routes: routes, settings: .init(), verifier: verifier))
        return try await app.test(.router) { client in
            let response = try await client.executeRequest(
                uri: path, method: method, headers: headers,
                body: body.map { ByteBuffer(string: $0) })
            return TestAnswer(
                status: response.status, headers: response.headers,
                body: Data(response.body.readableBytesView))
        }
    }

    /// The body as a JSON value to look into.
    ///
    /// - Throws: `MalformedJSON` when it is none.
    public func json() throws -> JSONValue { try JSONValue(parsing: body) }
}

extension ModuleHarness {
    /// Sends a request through the whole stack of middlewares to the module's routes.
    ///
    /// - Parameters:
    ///   - caller: whose access token it carries; `nil` for none.
    ///   - json: the body.
    /// - Throws: what Hummingbird's test client throws; problems are answers.
    public func send(
        _ method: HTTPRequest.Method, _ path: String, as caller: TestCaller? = nil,
        headers: HTTPFields = [:], json: String? = nil
    ) async throws -> TestAnswer {
        var headers = headers
        if let caller {
            headers[.authorization] = "Bearer \(try await accessToken(of: caller))"
        }
        if json != nil, headers[.contentType] == nil { headers[.contentType] = "application/json" }
        return try await TestAnswer.of(
            module.routes, verifier: try await verifier, to: method, path, headers: headers,
            body: json)
    }

    private static var issuer: String { "flotilla" }
    private static var audience: String { "flotilla-api" }

    private var verifier: AccessTokenVerifier {
        get async throws {
            try await AccessTokenVerifier(
                keys: [signingKey.publicKey], issuer: Self.issuer, audience: Self.audience,
                endedAccess: endedAccess, now: { [time] in time.now })
        }
    }

    private func accessToken(of caller: TestCaller) async throws -> String {
        try await AccessTokenSigner(key: signingKey).sign(
            AccessTokenClaims(
                principal: Principal(
                    userID: caller.userID, sessionID: UUID().uuidString.lowercased(),
                    roles: caller.roles, permissions: caller.permissions,
                    authenticatedAt: time.now),
                issuer: Self.issuer, audience: Self.audience, issuedAt: time.now,
                lifetime: .seconds(600)))
    }
}
