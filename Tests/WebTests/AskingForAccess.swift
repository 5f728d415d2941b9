import Events
import FlotillaTesting
import HTTPTypes
import Testing
import Web

@Suite struct `Asking for access` {
    @Test(arguments: [nil, "Bearer x", "Basic YTpi", ""])
    func `needs no token where anyone may go`(authorization: String?) async throws {
        let desk = Desk()
        var headers = HTTPFields()
        headers[.authorization] = authorization
        #expect(try await desk.send(.get, "/desk", headers: headers).status == .ok)
    }

    @Test(arguments: [
        nil, "", "Bearer", "Bearer ", "Bearer x", "Bearer a b", "Basic YTpi", "x", "bearer: x",
    ])
    func `needs a good token elsewhere`(authorization: String?) async throws {
        let desk = Desk()
        var headers = HTTPFields()
        headers[.authorization] = authorization
        for path in ["/desk/drawer", "/desk/safe"] {
            let answer = try await desk.send(.get, path, headers: headers)
            #expect(answer.status == .unauthorized)
            #expect(answer.headers[.wwwAuthenticate] == "Bearer")
            #expect(try answer.read(ProblemSeen.self).code == "auth.unauthorized")
        }
    }

    @Test func `tells the handler who asks`() async throws {
        let desk = Desk()
        let caller = TestCaller()
        let answer = try await desk.send(.get, "/desk/drawer", as: caller)
        #expect(try answer.read([String: String].self) == ["owner": caller.userID.description])
    }

    @Test(
        arguments: [
            ([], [], 403), (["clerk"], ["desk:sit"], 403), ([], ["desk:open-safe"], 204),
            (["admin"], [], 204), (["Admin"], [], 403), ([], ["admin"], 403),
            ([], ["desk:open-saf"], 403), ([], ["DESK:OPEN-SAFE"], 403),
        ] as [(Set<String>, Set<String>, Int)])
    func `needs the permission, or to be an administrator`(
        roles: Set<String>, permissions: Set<String>, status: Int
    ) async throws {
        let desk = Desk()
        let caller = TestCaller(roles: roles, permissions: permissions)
        #expect(
            try await desk.send(.get, "/desk/safe", as: caller).status.code == status)
    }

    @Test(arguments: [("/desk", 200), ("/desk/drawer", 403), ("/desk/safe", 204)])
    func `gives a service what it is permitted, and nothing that is a person's own`(
        path: String, status: Int
    ) async throws {
        let desk = Desk()
        let token = try desk.forge.token(claims: [
            "kind": .string("service"), "permissions": .array([.string("desk:open-safe")]),
        ])
        let answer = try await desk.send(
            .get, path, headers: [.authorization: "Bearer \(token)"])
        #expect(answer.status.code == status)
        if status == 403 {
            #expect(try answer.read(ProblemSeen.self).code == "auth.user_required")
        }
    }

    @Test func `is asked before the body is read`() async throws {
        let desk = Desk()
        let answer = try await desk.send(.post, "/desk/letters", json: "no JSON")
        #expect(answer.status == .unauthorized)
    }

    @Test(arguments: ["Bearer", "bearer", "BEARER"])
    func `reads the scheme in any case`(scheme: String) async throws {
        let (desk, caller) = (Desk(), TestCaller())
        let headers: HTTPFields = [.authorization: "\(scheme)  \(try desk.token(of: caller))"]
        #expect(try await desk.send(.get, "/desk/drawer", headers: headers).status == .ok)
    }
}
