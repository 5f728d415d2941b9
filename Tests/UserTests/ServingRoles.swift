import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import Testing
import User
import UserContract
import Web

@Suite(.serialized) struct `Giving roles as somebody with few` {
    /// May give roles, and holds a few permissions more.
    private let clerk = TestCaller(permissions: ["roles:manage", "orders:read"])
    private let boss = TestCaller(roles: ["admin"])

    private func define(
        _ permissions: [String], by caller: TestCaller, _ harness: ModuleHarness<UserModule>
    ) async throws -> TestAnswer {
        try await harness.send(
            .post, "/api/v1/roles", as: caller,
            json: Form.json([
                "name": .string("packer"), "permissions": .array(permissions.map { .string($0) }),
            ]))
    }

    @Test func `B106: a role that permits more is neither given, taken nor defined`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let user = try await harness.join().user
        let defined = try await define(["orders:read", "users:read"], by: boss, harness)
        #expect(defined.status == .created)
        let path = "/api/v1/users/\(user.id)/roles/packer"
        #expect(try await harness.send(.put, path, as: clerk).status == .forbidden)
        _ = try await harness.send(.put, path, as: boss)
        #expect(try await harness.send(.delete, path, as: clerk).status == .forbidden)
        #expect(try await define(["users:read"], by: clerk, harness).status == .forbidden)
        #expect(try await harness.published(UserRoleAssigned.self).count == 1)
        #expect(try await harness.published(UserRoleRevoked.self).isEmpty)
    }

    @Test func `B106: only administrators give or take that role`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let user = try await harness.join().user
        // The role lists no permission, and whoever has all of those that there are is none yet.
        let mighty = TestCaller(permissions: [
            "roles:manage", "users:manage", "users:read", "api-keys:manage", "audit:read",
            "admin:events", "search:users", "orders:read",
        ])
        let path = "/api/v1/users/\(user.id)/roles/admin"
        for method in [HTTPRequest.Method.put, .delete] {
            let refused = try await harness.send(method, path, as: mighty)
            #expect(refused.status == .forbidden)
            #expect(refused.code == "auth.forbidden")
        }
        #expect(try await harness.send(.put, path, as: boss).status == .noContent)
        #expect(try await harness.published(UserRoleAssigned.self).map(\.roleName) == ["admin"])
    }

    @Test(arguments: ["GET", "POST", "PUT", "DELETE"])
    func `B105: without the permission nothing of roles is there to change`(
        method: String
    ) async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (user, tokens) = try await harness.join()
        let path =
            ["PUT", "DELETE"].contains(method)
            ? "/api/v1/users/\(user.id)/roles/support" : "/api/v1/roles"
        let answer = try await harness.call(
            try #require(HTTPRequest.Method(method)), path, token: tokens.accessToken)
        #expect(answer.status == .forbidden)
        #expect(
            try await harness.call(try #require(HTTPRequest.Method(method)), path).status
                == .unauthorized)
    }

    @Test func `B105: what a body says of roles or permissions counts for nothing`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        _ = try await harness.register()
        for field in ["roles", "permissions"] {
            let answer = try await harness.send(
                .post, "/api/v1/sessions",
                json: Form.json([
                    "email": .string("ada@example.org"), "password": .string(Form.password),
                    field: .array([.string("admin")]),
                ]))
            #expect(answer.status == .unprocessableContent)
        }
        let tokens = try await harness.logIn().read(TokensSeen.self)
        let claims = try harness.claims(of: tokens.accessToken)
        #expect(claims.roles == ["customer"])
        #expect(claims.permissions == [])
    }
}
