import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import Settings
import Testing
import User
import UserContract
import Web

@Suite(.serialized) struct `Registering where accounts are concealed` {
    private static let concealed = ["auth.concealAccounts": "true"]

    private func harness() async throws -> ModuleHarness<UserModule> {
        try await ModuleHarness(
            UserModule.self, settings: .withoutFloor(and: Self.concealed))
    }

    /// What a stranger fills in, with an address that may be somebody else's.
    private func intrude(
        _ harness: ModuleHarness<UserModule>, _ email: String
    ) async throws -> TestAnswer {
        try await harness.register([
            "email": .string(email), "password": .string("the intruder's own"),
            "firstName": .string("Eve"), "phone": .string("+4930123456"),
        ])
    }

    @Test func `B7: a taken address is answered like a free one`() async throws {
        let harness = try await harness()
        let owner = try await harness.register().read(UserSeen.self)
        let taken = try await intrude(harness, "ada@example.org")
        let free = try await intrude(harness, "eve@example.org")
        let ids = try [taken, free].map { try $0.read(UserSeen.self).id.description }
        #expect(Set(ids + [owner.id.description]).count == 3)
        #expect(taken.status == .created)
        #expect(
            AnswerSeen(taken, at: ids[0]).body.replacing("ada@", with: "eve@")
                == AnswerSeen(free, at: ids[1]).body)
        #expect(AnswerSeen(taken).headers == AnswerSeen(free).headers)
        #expect(taken.body.count == free.body.count)
        #expect(try await harness.published(UserRegistered.self).count == 2)
        let repeated = try await harness.published(UserRegistrationRepeated.self)
        #expect(repeated.map(\.userID) == [owner.id])
        #expect(repeated.map(\.attemptedAt) == [harness.time.now])
        // Nothing tells later which of the ids is somebody.
        for id in ids {
            let shown = try await harness.send(.get, "/api/v1/users/\(id)/public")
            #expect(shown.status == .notFound)
        }
    }

    @Test func `B7: takes as long for a taken address as for a free one`() async throws {
        let harness = try await ModuleHarness(
            UserModule.self,
            settings: Self.concealed.merging(["user.failureFloor": "400ms"]) { $1 })
        for _ in 1...2 {
            let duration = try await timing { _ = try await harness.register() }
            #expect(duration >= .milliseconds(400))
        }
    }

    @Test func `B7: the owner is told of it three times, and then once in a while`() async throws {
        let harness = try await harness()
        _ = try await harness.register()
        for _ in 1...6 { #expect(try await intrude(harness, "ADA@example.org").status == .created) }
        #expect(try await harness.published(UserRegistrationRepeated.self).count == 3)
        harness.time.advance(by: .seconds(60))
        for _ in 1...3 { _ = try await intrude(harness, "ada@example.org") }
        #expect(try await harness.published(UserRegistrationRepeated.self).count == 4)
    }

    @Test func `B7: whoever registers learns nothing by logging in`() async throws {
        let harness = try await harness()
        let owner = try await harness.register().read(UserSeen.self)
        for email in ["ada@example.org", "eve@example.org"] {
            _ = try await intrude(harness, email)
            let answer = try await harness.logIn(email, "the intruder's own")
            #expect(answer.status == .unauthorized)
            #expect(
                AnswerSeen(answer)
                    == AnswerSeen(try await harness.logIn("nobody@example.org", "x")))
        }
        #expect(try await harness.logIn().code == "auth.wrong_credentials")
        _ = try await harness.confirmAddress(try await harness.welcomeToken(of: owner.id))
        #expect(try await harness.logIn().status == .created)
    }

    @Test func `B7: an address that waits for its mail is throttled like an unknown one`()
        async throws
    {
        let harness = try await harness()
        let owner = try await harness.register().read(UserSeen.self)
        for _ in 1...7 {
            _ = try await harness.logIn()
            _ = try await harness.logIn("nobody@example.org")
        }
        #expect(try await harness.counts(of: "log-in") == [5, 5])
        _ = try await harness.confirmAddress(try await harness.welcomeToken(of: owner.id))
        harness.time.advance(by: .seconds(1))
        #expect(try await harness.logIn().status == .created)
    }
}

@Suite(.serialized) struct `Registering where taken addresses are told` {
    @Test func `B8: so many a minute are told to an address, and then nothing is`() async throws {
        let harness = try await ModuleHarness(
            UserModule.self, settings: .withoutFloor(and: ["user.failuresPerMinute": "3"]))
        _ = try await harness.register()
        for _ in 1...3 {
            let answer = try await harness.register()
            #expect(answer.status == .conflict)
            #expect(answer.code == "user.email_taken")
        }
        for email in ["ada@example.org", "free@example.org"] {
            let answer = try await harness.register(["email": .string(email)])
            #expect(answer.status == .tooManyRequests)
            #expect(answer.code == "request.rate_limited")
            let wait = try #require(answer.headers[.retryAfter].flatMap { Int($0) })
            #expect((1...20).contains(wait))
        }
        #expect(try await harness.logIn().status == .tooManyRequests)
        #expect(try await harness.published(UserRegistered.self).count == 1)
        #expect(try await harness.published(UserRegistrationRepeated.self).isEmpty)
    }

    @Test func `B8: registrations that are none don't count, nor do those that succeed`()
        async throws
    {
        let harness = try await ModuleHarness(
            UserModule.self, settings: .withoutFloor(and: ["user.failuresPerMinute": "1"]))
        for number in 1...5 {
            let answer = try await harness.register(["email": .string("u\(number)@example.org")])
            #expect(answer.status == .created)
            #expect(
                try await harness.register(["password": .string("short")]).status
                    == .unprocessableContent)
        }
    }

    @Test func `B8: zero is any number`() async throws {
        let harness = try await ModuleHarness(
            UserModule.self, settings: .withoutFloor(and: ["user.failuresPerMinute": "0"]))
        _ = try await harness.register()
        for _ in 1...5 { #expect(try await harness.register().status == .conflict) }
    }
}

@Suite(.serialized) struct `Setting the least length of a password` {
    @Test(arguments: [("8", 8), ("15", 15)])
    func `B28: is what was set`(setting: String, least: Int) async throws {
        let harness = try await ModuleHarness(
            UserModule.self, settings: .withoutFloor(and: ["user.passwordLengthMin": setting]))
        let password = String("tall trees in the wind".prefix(least))
        let short = try await harness.register(["password": .string(String(password.dropLast()))])
        #expect(short.status == .unprocessableContent)
        #expect(try await harness.register(["password": .string(password)]).status == .created)
    }

    @Test(arguments: ["7", "0", "65"])
    func `B28: can't be less than eight`(setting: String) async throws {
        await #expect(throws: SettingsError.self) {
            try await ModuleHarness(
                UserModule.self, settings: ["user.passwordLengthMin": setting])
        }
    }
}
