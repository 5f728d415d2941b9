import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import Storage
import Testing
import User
import UserContract
import Web

@Suite(.serialized) struct `Changing the password` {
    private static let path = "/api/v1/users/me/password"

    private func change(_ current: String, to new: String) -> String {
        Form.json(["currentPassword": .string(current), "newPassword": .string(new)])
    }

    @Test func `B65: ends every other session and tells it`() async throws {
        let harness = try await ModuleHarness(UserModule.self)
        let (user, tokens) = try await harness.join()
        let other = try await harness.logIn().read(TokensSeen.self)
        let answer = try await harness.send(
            .post, Self.path, token: tokens.accessToken,
            json: change(Form.password, to: "battery staple"))
        #expect(answer.status == .noContent)
        #expect(try await harness.refresh(tokens.refreshToken).status == .ok)
        #expect(try await harness.refresh(other.refreshToken).status == .unauthorized)
        #expect(try await harness.logIn().status == .unauthorized)
        #expect(try await harness.logIn("ada@example.org", "battery staple").status == .created)
        let events = try await harness.published(UserPasswordChanged.self)
        #expect(events.map(\.userID) == [user.id])
        #expect(events.first?.changedAt == harness.time.now)
    }

    @Test func `needs the current one, and changes nothing without it`() async throws {
        let harness = try await ModuleHarness(UserModule.self)
        let (_, tokens) = try await harness.join()
        let other = try await harness.logIn().read(TokensSeen.self)
        let answer = try await harness.send(
            .post, Self.path, token: tokens.accessToken,
            json: change("wrong horse", to: "battery staple"))
        #expect(answer.status == .forbidden)
        #expect(try answer.read(ProblemSeen.self).code == "user.wrong_password")
        #expect(try await harness.published(UserPasswordChanged.self).isEmpty)
        #expect(try await harness.refresh(other.refreshToken).status == .ok)
        #expect(try await harness.logIn().status == .created)
    }

    @Test(arguments: [7, 257])
    func `B34: refuses a new one of the wrong length`(count: Int) async throws {
        let harness = try await ModuleHarness(UserModule.self)
        let (_, tokens) = try await harness.join()
        let answer = try await harness.send(
            .post, Self.path, token: tokens.accessToken,
            json: change(Form.password, to: String(repeating: "x", count: count)))
        #expect(answer.status == .unprocessableContent)
        #expect(try answer.read(ProblemSeen.self).errors?.map(\.pointer) == ["/newPassword"])
        #expect(try await harness.logIn().status == .created)
    }

    @Test func `needs a caller`() async throws {
        let harness = try await ModuleHarness(UserModule.self)
        let answer = try await harness.send(
            .post, Self.path, json: change(Form.password, to: "battery staple"))
        #expect(answer.status == .unauthorized)
    }
}

@Suite(.serialized) struct `Updating a profile` {
    private func put(
        _ fields: [String: JSONValue], of user: UserID, in harness: ModuleHarness<UserModule>
    ) async throws -> TestAnswer {
        try await harness.send(
            .put, "/api/v1/users/me", as: TestCaller(user), json: Form.json(fields))
    }

    @Test func `replaces it whole and tells what changed`() async throws {
        let harness = try await ModuleHarness(UserModule.self)
        let user = try await harness.register(["phone": .string("+4930123456")])
            .read(UserSeen.self)
        let answer = try await put(
            [
                "firstName": .string("Augusta"), "lastName": .string("Lovelace"),
                "bio": .string("Analyst"), "preferences": .object(["theme": .string("dark")]),
            ], of: user.id, in: harness)
        #expect(answer.status == .ok)
        let seen = try answer.read(UserSeen.self)
        #expect(seen.firstName == "Augusta")
        #expect(seen.phone == nil)
        #expect(seen.bio == "Analyst")
        #expect(seen.preferences == ["theme": "dark"])
        #expect(seen.email == user.email)
        let shown = try await harness.send(.get, "/api/v1/users/me", as: TestCaller(user.id))
        #expect(try shown.read(UserSeen.self) == seen)
        let events = try await harness.published(UserProfileUpdated.self)
        let event = try #require(events.first)
        #expect(events.count == 1)
        #expect(event.userID == user.id)
        #expect(event.changedFields == ["firstName", "phone", "bio", "preferences"])
        #expect(event.firstName == "Augusta")
        #expect(event.lastName == "Lovelace")
        #expect(event.phone == nil)
        #expect(event.bio == "Analyst")
        #expect(event.preferences == ["theme": "dark"])
    }

    @Test func `tells nothing when nothing changes`() async throws {
        let harness = try await ModuleHarness(UserModule.self)
        let user = try await harness.register().read(UserSeen.self)
        for _ in 1...2 {
            let answer = try await put(
                ["firstName": .string(" Ada "), "lastName": .string("Lovelace")],
                of: user.id, in: harness)
            #expect(try answer.read(UserSeen.self) == user)
        }
        #expect(try await harness.published(UserProfileUpdated.self).isEmpty)
    }

    @Test(
        arguments: [
            ["email": .string("eve@example.org")], ["status": .string("active")],
            ["role": .string("admin")], ["password": .string("battery staple")],
            ["id": .string("01970000-0000-7000-8000-000000000001")],
            ["firstName": .null], ["phone": .string("12")],
            ["bio": .string(String(repeating: "x", count: 1_001))],
            ["preferences": .array([])], ["preferences": .object(["a": .integer(1)])],
            ["preferences": .object(["a": .string(String(repeating: "x", count: 201))])],
        ] as [[String: JSONValue]])
    func `B98: refuses what is no profile, and changes nothing`(
        extra: [String: JSONValue]
    ) async throws {
        let harness = try await ModuleHarness(UserModule.self)
        let user = try await harness.register().read(UserSeen.self)
        let fields: [String: JSONValue] = [
            "firstName": .string("Augusta"), "lastName": .string("King"),
        ]
        let answer = try await put(
            fields.merging(extra) { _, extra in extra }, of: user.id, in: harness)
        #expect(answer.status == .unprocessableContent)
        let shown = try await harness.send(.get, "/api/v1/users/me", as: TestCaller(user.id))
        #expect(try shown.read(UserSeen.self) == user)
        #expect(try await harness.published(UserProfileUpdated.self).isEmpty)
    }

    @Test(arguments: [(50, 200), (51, 422)])
    func `takes up to fifty preferences`(count: Int, status: Int) async throws {
        let harness = try await ModuleHarness(UserModule.self)
        let user = try await harness.register().read(UserSeen.self)
        let pairs = (0..<count).map { ("p\($0)", JSONValue.string("x")) }
        let answer = try await put(
            [
                "firstName": .string("Ada"), "lastName": .string("Lovelace"),
                "preferences": .object(Dictionary(uniqueKeysWithValues: pairs)),
            ], of: user.id, in: harness)
        #expect(answer.status.code == status)
    }
}
