import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import Storage
import Testing
import User
import UserContract
import Web

@Suite(.serialized) struct `Having a role` {
    private struct Seen: Decodable, Equatable {
        let id: RoleID
        let name: String
        let permissions: [String]
    }

    private let admin = TestCaller(roles: ["admin"])

    private func change(
        _ method: HTTPRequest.Method, _ role: String, of user: UserID,
        by caller: TestCaller, _ harness: ModuleHarness<UserModule>
    ) async throws -> TestAnswer {
        try await harness.send(method, "/api/v1/users/\(user)/roles/\(role)", as: caller)
    }

    private func claims(
        _ harness: ModuleHarness<UserModule>
    ) async throws -> AccessTokenClaims {
        let token = try await harness.logIn().read(TokensSeen.self).accessToken
        let payload = String(token.split(separator: ".")[1])
        let data = try #require(Data(base64URLEncoded: payload))
        return try JSONDecoder().decode(AccessTokenClaims.self, from: data)
    }

    private func define(
        _ name: String, _ permissions: [String], by caller: TestCaller,
        _ harness: ModuleHarness<UserModule>
    ) async throws -> TestAnswer {
        try await harness.send(
            .post, "/api/v1/roles", as: caller,
            json: Form.json([
                "name": .string(name), "permissions": .array(permissions.map { .string($0) }),
            ]))
    }

    @Test func `everybody is a customer, and a role's permissions are in the next token`()
        async throws
    {
        let harness = try await ModuleHarness(UserModule.self)
        let (user, _) = try await harness.join()
        #expect(try await claims(harness).roles == ["customer"])
        #expect(try await claims(harness).permissions == [])
        let defined = try await define(
            "packer", ["orders:pack", "orders:read"], by: admin, harness)
        #expect(defined.status == .created)
        for role in ["support", "packer"] {
            for _ in 1...2 {
                let given = try await change(.put, role, of: user.id, by: admin, harness)
                #expect(given.status == .noContent)
            }
        }
        let claims = try await claims(harness)
        #expect(claims.roles == ["customer", "packer", "support"])
        #expect(
            claims.permissions == [
                "admin:events", "audit:read", "orders:pack", "orders:read", "search:users",
                "users:read",
            ])
        for _ in 1...2 {
            let taken = try await change(.delete, "packer", of: user.id, by: admin, harness)
            #expect(taken.status == .noContent)
        }
        #expect(try await self.claims(harness).roles == ["customer", "support"])
        let created = try await harness.published(RoleCreated.self)
        #expect(created.map(\.name) == ["packer"])
        #expect(created.map(\.permissions) == [["orders:pack", "orders:read"]])
        let assigned = try await harness.published(UserRoleAssigned.self)
        #expect(assigned.map(\.roleName) == ["support", "packer"])
        #expect(assigned.last?.roleID == created.first?.roleID)
        let revoked = try await harness.published(UserRoleRevoked.self)
        #expect(revoked.map(\.roleName) == ["packer"])
        #expect(revoked.map(\.assignedBy) == [admin.userID.description])
    }

    @Test func `B106: nobody gives what they have not, or changes their own`() async throws {
        let harness = try await ModuleHarness(UserModule.self)
        let (user, _) = try await harness.join()
        let clerk = TestCaller(permissions: ["roles:manage", "users:read", "orders:read"])
        for role in ["admin", "support"] {
            let answer = try await change(.put, role, of: user.id, by: clerk, harness)
            #expect(answer.status == .forbidden)
        }
        #expect(try await define("clerk", ["orders:read"], by: clerk, harness).status == .created)
        #expect(
            try await define("boss", ["orders:read", "users:manage"], by: clerk, harness).status
                == .forbidden)
        let given = try await change(.put, "clerk", of: user.id, by: clerk, harness)
        #expect(given.status == .noContent)
        let own = try await change(.put, "support", of: admin.userID, by: admin, harness)
        #expect(try own.read(ProblemSeen.self).code == "user.own_roles")
        #expect(try await harness.published(UserRoleAssigned.self).map(\.roleName) == ["clerk"])
    }

    @Test func `B106: the last administrator stays one`() async throws {
        let harness = try await ModuleHarness(UserModule.self)
        _ = try await harness.module.createAdministrator(
            email: "root@example.org", password: Form.password)
        let token = try await harness.logIn("root@example.org").read(TokensSeen.self).accessToken
        let root = try await harness.send(.get, "/api/v1/users/me", token: token)
            .read(UserSeen.self)
        let refused = try await change(.delete, "admin", of: root.id, by: admin, harness)
        #expect(try refused.read(ProblemSeen.self).code == "user.last_administrator")
        let (user, _) = try await harness.join()
        _ = try await change(.put, "admin", of: user.id, by: admin, harness)
        let taken = try await change(.delete, "admin", of: root.id, by: admin, harness)
        #expect(taken.status == .noContent)
    }

    @Test func `lists roles with what they permit`() async throws {
        let harness = try await ModuleHarness(UserModule.self)
        _ = try await define("packer", ["orders:pack"], by: admin, harness)
        let again = try await define("packer", [], by: admin, harness)
        #expect(try again.read(ProblemSeen.self).code == "role.exists")
        #expect(try await define("admin", [], by: admin, harness).status == .conflict)
        let answer = try await harness.send(.get, "/api/v1/roles", as: admin)
        let roles = try answer.read([String: [Seen]?].self)["items"].flatMap(\.self) ?? []
        #expect(roles.map(\.name) == ["admin", "support", "customer", "packer"])
        #expect(roles.last?.permissions == ["orders:pack"])
    }

    @Test(arguments: [
        ("", ["a:b"]), ("Packer", ["a:b"]), ("1x", ["a:b"]), ("pack er", []),
        ("packer", ["orders"]), ("packer", ["orders:*"]), ("packer", ["A:b"]), ("packer", [""]),
    ])
    func `refuses what is no role`(name: String, permissions: [String]) async throws {
        let harness = try await ModuleHarness(UserModule.self)
        let answer = try await define(name, permissions, by: admin, harness)
        #expect(answer.status == .unprocessableContent)
        #expect(try await harness.published(RoleCreated.self).isEmpty)
    }

    @Test(arguments: ["nobody", "customer", "%00", "admin'--"])
    func `refuses to give a role that is none`(name: String) async throws {
        let harness = try await ModuleHarness(UserModule.self)
        let (user, _) = try await harness.join()
        let answer = try await change(.put, name, of: user.id, by: admin, harness)
        #expect(try answer.read(ProblemSeen.self).code == "role.not_found")
        let missing = try await change(.put, "support", of: UserID(), by: admin, harness)
        #expect(try missing.read(ProblemSeen.self).code == "user.not_found")
    }
}
