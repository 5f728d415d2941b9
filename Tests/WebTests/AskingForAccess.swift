import FlotillaTesting
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Testing
import Web

@Suite struct `Asking for access` {
    @Test(arguments: [nil, "Bearer x", "Basic YTpi", ""])
    func `needs no token where anyone may go`(authorization: String?) async throws {
        let harness = try await ModuleHarness(DeskModule.self)
        var headers = HTTPFields()
        headers[.authorization] = authorization
        #expect(try await harness.send(.get, "/desk", headers: headers).status == .ok)
    }

    @Test(arguments: [
        nil, "", "Bearer", "Bearer ", "Bearer x", "Bearer a b", "Basic YTpi", "x", "bearer: x",
    ])
    func `needs a good token elsewhere`(authorization: String?) async throws {
        let harness = try await ModuleHarness(DeskModule.self)
        var headers = HTTPFields()
        headers[.authorization] = authorization
        for path in ["/desk/drawer", "/desk/safe"] {
            let answer = try await harness.send(.get, path, headers: headers)
            #expect(answer.status == .unauthorized)
            #expect(answer.headers[.wwwAuthenticate] == "Bearer")
            #expect(try answer.read(ProblemSeen.self).code == "auth.unauthorized")
        }
    }

    @Test func `tells the handler who asks`() async throws {
        let harness = try await ModuleHarness(DeskModule.self)
        let caller = TestCaller()
        let answer = try await harness.send(.get, "/desk/drawer", as: caller)
        #expect(try answer.read([String: String].self) == ["owner": caller.userID.description])
    }

    @Test(arguments: [
        ([], [], 403), (["clerk"], ["desk:sit"], 403), ([], ["desk:open-safe"], 204),
        (["admin"], [], 204), (["Admin"], [], 403), ([], ["admin"], 403),
        ([], ["desk:open-saf"], 403), ([], ["DESK:OPEN-SAFE"], 403),
    ] as [(Set<String>, Set<String>, Int)])
    func `needs the permission, or to be an administrator`(
        roles: Set<String>, permissions: Set<String>, status: Int
    ) async throws {
        let harness = try await ModuleHarness(DeskModule.self)
        let caller = TestCaller(roles: roles, permissions: permissions)
        #expect(
            try await harness.send(.get, "/desk/safe", as: caller).status.code == status)
    }

    @Test func `is asked before the body is read`() async throws {
        let harness = try await ModuleHarness(DeskModule.self)
        let answer = try await harness.send(.post, "/desk/notes", json: "no JSON")
        #expect(answer.status == .unauthorized)
    }

    @Test(arguments: ["Bearer", "bearer", "BEARER"])
    func `reads the scheme in any case`(scheme: String) async throws {
        let forge = TokenForge()
        let routes = [Route.get("/", access: .authenticated) { _ in .noContent }]
        let app = Application(
            responder: WebServer.responder(
                routes: routes, settings: .init(), verifier: try await forge.verifier()))
        let headers: HTTPFields = [.authorization: "\(scheme)  \(try forge.token())"]
        try await app.test(.router) { client in
            let response = try await client.executeRequest(
                uri: "/", method: .get, headers: headers, body: nil)
            #expect(response.status == .noContent)
        }
    }
}
