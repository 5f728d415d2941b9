import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import Testing
import User
import UserContract
import Web

@Suite(.serialized) struct `Showing and changing a profile` {
    private static let me = "/api/v1/users/me"

    private func change(
        _ method: HTTPRequest.Method, _ fields: [String: JSONValue], of user: UserID,
        _ harness: ModuleHarness<UserModule>, ifMatch: String? = nil
    ) async throws -> TestAnswer {
        var headers: HTTPFields = [:]
        headers[.ifMatch] = ifMatch
        return try await harness.send(
            method, Self.me, as: TestCaller(user), headers: headers, json: Form.json(fields))
    }

    private func shown(
        _ user: UserID, _ harness: ModuleHarness<UserModule>
    ) async throws -> TestAnswer {
        try await harness.send(.get, Self.me, as: TestCaller(user))
    }

    private static let whole: [String: JSONValue] = [
        "firstName": .string("Augusta"), "lastName": .string("King"),
    ]

    @Test(
        arguments: [HTTPRequest.Method.put, .patch],
        [
            ("id", .string("01970000-0000-7000-8000-000000000001")),
            ("email", .string("eve@example.org")), ("emailVerified", .bool(true)),
            ("roles", .array([.string("admin")])), ("role", .string("admin")),
            ("permissions", .array([])), ("status", .string("active")),
            ("passwordHash", .string("x")), ("password", .string("battery staple")),
            ("createdAt", .string("2020-01-01T00:00:00Z")), ("version", .integer(9)),
        ] as [(String, JSONValue)])
    func `B98: nobody sets what is not theirs to say`(
        method: HTTPRequest.Method, field: (String, JSONValue)
    ) async throws {
        let harness = try await ModuleHarness(UserModule.self)
        let user = try await harness.register().read(UserSeen.self)
        let hash = try await harness.passwordHash(of: user.id)
        let before = try await shown(user.id, harness)
        let fields = Self.whole.merging([field.0: field.1]) { _, new in new }
        let answer = try await change(method, fields, of: user.id, harness)
        #expect(answer.status == .unprocessableContent)
        #expect(try answer.read(ProblemSeen.self).errors?.map(\.pointer) == ["/\(field.0)"])
        let after = try await shown(user.id, harness)
        #expect(after.body == before.body)
        #expect(after.headers[.eTag] == before.headers[.eTag])
        #expect(try await harness.passwordHash(of: user.id) == hash)
        #expect(try await harness.published(UserProfileUpdated.self).isEmpty)
    }

    @Test func `B102: a change of a version that is past is refused`() async throws {
        let harness = try await ModuleHarness(UserModule.self)
        let user = try await harness.register().read(UserSeen.self)
        let tag = try #require(try await shown(user.id, harness).headers[.eTag])
        let first = try await change(.put, Self.whole, of: user.id, harness, ifMatch: tag)
        #expect(first.status == .ok)
        let newTag = try #require(first.headers[.eTag])
        #expect(newTag != tag)
        #expect(try await shown(user.id, harness).headers[.eTag] == newTag)
        for method in [HTTPRequest.Method.put, .patch] {
            var fields = Self.whole
            fields["bio"] = .string("lost")
            let lost = try await change(method, fields, of: user.id, harness, ifMatch: tag)
            #expect(lost.status == .preconditionFailed)
        }
        #expect(try await shown(user.id, harness).read(UserSeen.self).bio == nil)
        #expect(try await harness.published(UserProfileUpdated.self).count == 1)
        for condition in ["\"v0\", \(newTag)", "*"] {
            let answer = try await change(
                .patch, ["bio": .string(condition)], of: user.id, harness,
                ifMatch: condition)
            #expect(answer.status == .ok)
        }
        let none = try await change(
            .patch, ["bio": .null], of: user.id, harness, ifMatch: "W/\(newTag)")
        #expect(none.status == .badRequest)
    }

    @Test func `B102: of several changes of one version at once, one is made`() async throws {
        let harness = try await ModuleHarness(UserModule.self)
        let user = try await harness.register().read(UserSeen.self)
        let tag = try await shown(user.id, harness).headers[.eTag]
        let answers = try await atOnce(6) {
            try await change(
                .patch, ["bio": .string("bio \($0)")], of: user.id, harness, ifMatch: tag)
        }
        #expect(answers.count { $0.status == .ok } == 1)
        #expect(answers.count { $0.status == .preconditionFailed } == 5)
        #expect(try await harness.published(UserProfileUpdated.self).count == 1)
    }

    @Test func `B102: a patch leaves what it does not name, and takes away what is null`()
        async throws
    {
        let harness = try await ModuleHarness(UserModule.self)
        let user = try await harness.register(["phone": .string("+4930123456")])
            .read(UserSeen.self)
        func patch(_ fields: [String: JSONValue]) async throws -> UserSeen {
            let answer = try await change(.patch, fields, of: user.id, harness)
            #expect(answer.status == .ok)
            return try answer.read(UserSeen.self)
        }
        #expect(try await patch([:]) == user)
        let first = try await patch([
            "bio": .string("Analyst"),
            "preferences": .object(["theme": .string("dark"), "language": .string("en")]),
        ])
        #expect(first.bio == "Analyst")
        #expect(first.phone == user.phone)
        #expect(first.firstName == user.firstName)
        let second = try await patch([
            "preferences": .object(["theme": .null, "size": .string("large"), "gone": .null])
        ])
        #expect(second.preferences == ["language": "en", "size": "large"])
        #expect(second.bio == "Analyst")
        let third = try await patch(["bio": .null, "phone": .null, "preferences": .null])
        #expect(third.bio == nil)
        #expect(third.phone == nil)
        #expect(third.preferences == [:])
        let events = try await harness.published(UserProfileUpdated.self)
        #expect(
            events.map(\.changedFields) == [
                ["bio", "preferences"], ["preferences"], ["phone", "bio", "preferences"],
            ])
        for name in ["firstName", "lastName", "publicFields"] {
            let refused = try await change(.patch, [name: .null], of: user.id, harness)
            #expect(refused.status == .unprocessableContent)
        }
    }

    @Test(arguments: ["+1", "0301234567", "+49 30 123", "tel:+4930123", "+４９30123456"])
    func `B96: a number that is not E.164 is refused by put and patch alike`(
        phone: String
    ) async throws {
        let harness = try await ModuleHarness(UserModule.self)
        let user = try await harness.register(["phone": .string("+4930123456")])
            .read(UserSeen.self)
        for method in [HTTPRequest.Method.put, .patch] {
            let fields = Self.whole.merging(["phone": .string(phone)]) { _, new in new }
            let answer = try await change(method, fields, of: user.id, harness)
            #expect(try answer.read(ProblemSeen.self).errors?.map(\.pointer) == ["/phone"])
        }
        #expect(try await shown(user.id, harness).read(UserSeen.self).phone == "+4930123456")
    }

    @Test func `B93: an address is kept as typed and is one with its other cases`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let user = try await harness.register(["email": .string("Ada.L@Example.ORG")])
            .read(UserSeen.self)
        #expect(user.email == "Ada.L@Example.ORG")
        #expect(try await harness.published(UserRegistered.self).map(\.email) == [user.email])
        let taken = try await harness.register(["email": .string("ada.l@example.org")])
        #expect(taken.status == .conflict)
        #expect(try await harness.logIn("ADA.L@EXAMPLE.ORG").status == .created)
        // Dots and tags are other mailboxes.
        for email in ["adal@example.org", "ada.l+shop@example.org"] {
            #expect(try await harness.register(["email": .string(email)]).status == .created)
        }
    }

    @Test(arguments: [" ada@example.org", "ada@example.org ", "  Ada@Example.org  "])
    func `B95: blanks around an address are ignored everywhere`(typed: String) async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let user = try await harness.register(["email": .string(typed)]).read(UserSeen.self)
        #expect(user.email.lowercased() == "ada@example.org")
        #expect(try await harness.logIn().status == .created)
        #expect(try await harness.logIn(typed).status == .created)
        _ = try await harness.requestReset(typed)
        #expect(try await harness.resetTokens(of: user.id).count == 1)
    }
}

@Suite(.serialized) struct `Showing what is public of a profile` {
    private func shown(
        _ id: String, _ harness: ModuleHarness<UserModule>
    ) async throws -> TestAnswer {
        try await harness.send(
            .get, "/api/v1/users/\(id)/public", headers: [.requestID: "r"])
    }

    private func publish(
        _ fields: [String], of user: UserID, _ harness: ModuleHarness<UserModule>
    ) async throws {
        let answer = try await harness.send(
            .patch, "/api/v1/users/me", as: TestCaller(user),
            json: Form.json(["publicFields": .array(fields.map { .string($0) })]))
        #expect(answer.status == .ok)
    }

    @Test func `B99: tells the id and what was made public, and nothing else`() async throws {
        let harness = try await ModuleHarness(UserModule.self)
        let user = try await harness.register(["phone": .string("+4930123456")])
            .read(UserSeen.self)
        _ = try await harness.send(
            .patch, "/api/v1/users/me", as: TestCaller(user.id),
            json: Form.json(["bio": .string("Analyst")]))
        let all: [(fields: [String], body: [String: String])] = [
            (["firstName"], ["firstName": "Ada"]), (["bio"], ["bio": "Analyst"]),
            (
                ["firstName", "lastName", "bio"],
                ["firstName": "Ada", "lastName": "Lovelace", "bio": "Analyst"]
            ),
        ]
        for (index, (fields, body)) in all.enumerated() {
            // The first is what a new account shows.
            if index > 0 { try await publish(fields, of: user.id, harness) }
            let answer = try await shown("\(user.id)", harness)
            #expect(answer.status == .ok)
            let expected = body.merging(["id": "\(user.id)"]) { old, _ in old }
            #expect(try answer.read([String: String].self) == expected)
        }
        let refused = try await harness.send(
            .patch, "/api/v1/users/me", as: TestCaller(user.id),
            json: Form.json(["publicFields": .array([.string("email")])]))
        #expect(refused.status == .unprocessableContent)
    }

    @Test func `S11: who shows nothing, is gone or never was, is answered alike`() async throws {
        let harness = try await ModuleHarness(UserModule.self)
        var ids: [String] = []
        for name in ["private", "suspended", "deleted"] {
            let user = try await harness.register(["email": .string("\(name)@example.org")])
                .read(UserSeen.self)
            ids.append("\(user.id)")
            switch name {
            case "private": try await publish([], of: user.id, harness)
            case "suspended": try await harness.suspend(user.id)
            default:
                let caller = TestCaller(user.id)
                let answer = try await harness.send(.delete, "/api/v1/users/me", as: caller)
                #expect(answer.status == .noContent)
            }
        }
        var texts: Set<String> = []
        for id in ids + ["\(UserID())", "x"] {
            let answer = try await shown(id, harness)
            #expect(answer.status == .notFound)
            let text = answer.text.replacing(/"traceId":"[0-9a-f]+",?/, with: "")
            texts.insert(text.replacing(id, with: ""))
        }
        #expect(texts.count == 1, "\(texts)")
    }
}
