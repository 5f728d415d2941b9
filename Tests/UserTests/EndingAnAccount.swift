import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import Storage
import Testing
import User
import UserContract
import Web

@Suite(.serialized) struct `Deleting an account` {
    @Test func `B103: erases what is personal and tells it once`() async throws {
        let harness = try await ModuleHarness(UserModule.self)
        let (user, tokens) = try await harness.join()
        let caller = TestCaller(user.id)
        let answer = try await harness.send(.delete, "/api/v1/users/me", as: caller)
        #expect(answer.status == .noContent)
        let row = try await harness.database.read { transaction in
            try transaction.first("SELECT * FROM users WHERE id = \(user.id)")
        }
        let kept = try #require(row)
        for column in ["email", "first_name", "last_name", "password_hash"] {
            #expect(try kept.get(column, as: String.self).isEmpty)
        }
        #expect(try kept.get("phone", as: String?.self) == nil)
        #expect(try kept.get("bio", as: String?.self) == nil)
        #expect(try kept.get("preferences", as: String.self) == "{}")
        #expect(try kept.get("email_key", as: String.self) == "deleted:\(user.id)")
        for sql: SQL in [
            "SELECT COUNT(*) AS n FROM sessions", "SELECT COUNT(*) AS n FROM refresh_tokens",
            "SELECT COUNT(*) AS n FROM user_roles",
        ] { #expect(try await harness.count(sql) == 0) }
        let again = try await harness.send(.delete, "/api/v1/users/me", as: caller)
        #expect(again.status == .unauthorized)
        #expect(try await harness.published(UserDeleted.self).map(\.userID) == [user.id])
        #expect(try await harness.refresh(tokens.refreshToken).status == .unauthorized)
        #expect(try await harness.logIn().status == .unauthorized)
        #expect(
            try await harness.send(.get, "/api/v1/users/me", as: caller).status == .unauthorized)
    }

    @Test func `B103: frees the address for somebody else`() async throws {
        let harness = try await ModuleHarness(UserModule.self)
        let (user, _) = try await harness.join()
        _ = try await harness.send(.delete, "/api/v1/users/me", as: TestCaller(user.id))
        let next = try await harness.register()
        #expect(next.status == .created)
        #expect(try next.read(UserSeen.self).id != user.id)
    }

    @Test func `leaves other accounts alone`() async throws {
        let harness = try await ModuleHarness(UserModule.self)
        let (user, tokens) = try await harness.join()
        let other = try await harness.register(["email": .string("eve@example.org")])
            .read(UserSeen.self)
        _ = try await harness.send(.delete, "/api/v1/users/me", as: TestCaller(other.id))
        let shown = try await harness.send(.get, "/api/v1/users/me", token: tokens.accessToken)
        #expect(try shown.read(UserSeen.self) == user)
        #expect(try await harness.refresh(tokens.refreshToken).status == .ok)
    }
}

@Suite(.serialized) struct `Creating an administrator` {
    @Test func `B107: nobody is there before the first one is made`() async throws {
        let harness = try await ModuleHarness(
            UserModule.self, settings: ["user.failureFloor": "0ms"])
        #expect(try await harness.count("SELECT COUNT(*) AS n FROM users") == 0)
        for email in ["admin", "admin@flotilla.example", "root@localhost"] {
            #expect(try await harness.logIn(email, "admin").status == .unauthorized)
        }
    }

    @Test func `opens an active account with the role, and once`() async throws {
        let harness = try await ModuleHarness(UserModule.self)
        for _ in 1...2 {
            _ = try await harness.module.createAdministrator(
                email: "root@example.org", password: "battery staple")
        }
        let registered = try await harness.published(UserRegistered.self)
        let assigned = try await harness.published(UserRoleAssigned.self)
        #expect(registered.map(\.status) == ["active"])
        #expect(assigned.map(\.userID) == registered.map(\.userID))
        #expect(assigned.map(\.roleName) == ["admin"])
        #expect(assigned.map(\.assignedBy) == ["command-line"])
        #expect(try await harness.logIn("root@example.org", "battery staple").status == .created)
    }

    @Test func `keeps the password of an account that was confirmed`() async throws {
        let harness = try await ModuleHarness(UserModule.self)
        for password in ["battery staple", "another staple"] {
            _ = try await harness.module.createAdministrator(
                email: "root@example.org", password: password)
        }
        #expect(try await harness.logIn("root@example.org", "battery staple").status == .created)
        #expect(
            try await harness.logIn("root@example.org", "another staple").status == .unauthorized)
        #expect(try await harness.published(UserPasswordChanged.self).isEmpty)
    }

    @Test func `B81: takes over an account that was never confirmed`() async throws {
        let harness = try await ModuleHarness(UserModule.self)
        let (user, squatter) = try await harness.join()
        _ = try await harness.module.createAdministrator(
            email: "ADA@example.org", password: "battery staple")
        #expect(try await harness.published(UserRegistered.self).count == 1)
        #expect(try await harness.published(UserRoleAssigned.self).map(\.userID) == [user.id])
        #expect(try await harness.published(UserPasswordChanged.self).map(\.userID) == [user.id])
        // Whoever registered it is out.
        #expect(try await harness.logIn().status == .unauthorized)
        #expect(try await harness.refresh(squatter.refreshToken).status == .unauthorized)
        let tokens = try await harness.logIn("ada@example.org", "battery staple")
            .read(TokensSeen.self)
        let claims = try #require(tokens.accessToken.split(separator: ".").dropFirst().first)
        let data = try #require(Data(base64URLEncoded: String(claims)))
        #expect(
            try JSONDecoder().decode(AccessTokenClaims.self, from: data).roles == [
                "admin", "customer",
            ])
    }

    @Test(arguments: [("x", "battery staple"), ("root@example.org", "short")])
    func `refuses what would be no account`(email: String, password: String) async throws {
        let harness = try await ModuleHarness(UserModule.self)
        let problem = await #expect(throws: Problem.self) {
            try await harness.module.createAdministrator(email: email, password: password)
        }
        #expect(problem?.code == "request.invalid")
        #expect(try await harness.published(UserRegistered.self).isEmpty)
        #expect(try await harness.published(UserRoleAssigned.self).isEmpty)
    }
}
