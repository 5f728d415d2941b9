import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import Storage
import Testing
import UserContract
import Web

@testable import User

@Suite(.serialized) struct `Hiding who has an account` {
    /// An address for every reason that a log-in with a wrong password fails for.
    private func populate(_ harness: ModuleHarness<UserModule>) async throws -> [String] {
        for name in ["wrong", "locked"] {
            _ = try await harness.register(["email": .string("\(name)@example.org")])
        }
        try await harness.failToLogIn(5, "locked@example.org")
        let bare = try await harness.register(["email": .string("bare@example.org")])
            .read(UserSeen.self)
        try await harness.set("", of: bare.id)
        let held = try await harness.register(["email": .string("held@example.org")])
            .read(UserSeen.self)
        try await harness.suspend(held.id)
        let gone = try await harness.enter("gone@example.org").tokens
        let deleted = try await harness.send(
            .delete, "/api/v1/users/me", token: gone.accessToken)
        #expect(deleted.status == .noContent)
        return ["wrong", "locked", "bare", "held", "gone", "unknown"].map { "\($0)@example.org" }
            + ["no address"]
    }

    @Test func `B1: a log-in that fails is answered alike, whatever the reason`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        var seen: Set<AnswerSeen> = []
        for email in try await populate(harness) {
            let answer = try await harness.logIn(email, "a wrong password")
            #expect(answer.status == .unauthorized)
            #expect(answer.code == "auth.wrong_credentials")
            seen.insert(AnswerSeen(answer))
        }
        // The right password of a locked one.
        seen.insert(AnswerSeen(try await harness.logIn("locked@example.org")))
        #expect(seen.count == 1)
    }

    @Test func `B2: only the right password learns that an account is suspended`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (user, _) = try await harness.join()
        try await harness.suspend(user.id)
        let right = try await harness.logIn()
        #expect(right.status == .forbidden)
        #expect(right.code == "auth.suspended")
        for _ in 1...5 {
            let wrong = try await harness.logIn("ada@example.org", "a wrong password")
            #expect(wrong.code == "auth.wrong_credentials")
        }
        // Nor does it while nobody is listened to.
        #expect(try await harness.logIn().code == "auth.wrong_credentials")
    }

    @Test func `B2: only the right password learns that an address is not confirmed`() async throws
    {
        let harness = try await ModuleHarness(
            UserModule.self, settings: .withoutFloor(and: ["auth.requireVerifiedEmail": "true"]))
        let user = try await harness.register().read(UserSeen.self)
        let right = try await harness.logIn()
        #expect(right.status == .forbidden)
        #expect(right.code == "auth.email_not_verified")
        #expect(try await harness.logIn("ada@example.org", "x").code == "auth.wrong_credentials")
        #expect(try await harness.published(UserLoggedIn.self).isEmpty)
        _ = try await harness.confirmAddress(try await harness.welcomeToken(of: user.id))
        #expect(try await harness.logIn().status == .created)
    }

    @Test func `B4: an unknown address is verified against a hash like today's`() async throws {
        let hash = try await PasswordHasher(threadCount: 1).hash(Password(Form.password))
        let (new, decoy) = (hash.split(separator: "$"), PasswordHasher.decoy.split(separator: "$"))
        #expect(decoy.prefix(3) == new.prefix(3))
        #expect(decoy.map(\.count) == new.map(\.count))
        #expect(PasswordHash(PasswordHasher.decoy) != nil)
    }

    @Test func `B4: a log-in does not wait for the floor`() async throws {
        let harness = try await ModuleHarness(
            UserModule.self, settings: ["user.failureFloor": "5s"])
        _ = try await harness.join()
        let opened = try await timing { _ = try await harness.logIn() }
        #expect(opened < .seconds(5))
    }

    @Test func `B4: a failure is not answered before the floor`() async throws {
        let harness = try await ModuleHarness(
            UserModule.self, settings: ["user.failureFloor": "800ms"])
        let user = try await harness.register().read(UserSeen.self)
        for email in ["ada@example.org", "eve@example.org"] {
            let duration = try await timing { _ = try await harness.logIn(email, "wrong") }
            #expect(duration >= .milliseconds(800))
        }
        _ = try await atOnce(4) { _ in try await harness.logIn("ada@example.org", "wrong") }
        #expect(try await harness.counts(of: "log-in") == [1, 5])
        let throttled = try await timing { _ = try await harness.logIn() }
        #expect(throttled >= .milliseconds(800))
        harness.time.advance(by: .seconds(1))
        #expect(try await harness.logIn().status == .created)
        try await harness.suspend(user.id)
        let suspended = try await timing { _ = try await harness.logIn() }
        #expect(suspended >= .milliseconds(800))
    }

    @Test func `B6: an unknown address is throttled like a known one`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        _ = try await harness.register()
        for _ in 1...8 {
            let known = try await harness.logIn("ada@example.org", "a wrong password")
            let unknown = try await harness.logIn("eve@example.org", "a wrong password")
            #expect(AnswerSeen(known) == AnswerSeen(unknown))
        }
        #expect(try await harness.counts(of: "log-in") == [5, 5])
        harness.time.advance(by: .seconds(1))
        for email in ["ada@example.org", "EVE@example.org", " eve@example.org"] {
            try await harness.failToLogIn(1, email)
        }
        #expect(try await harness.counts(of: "log-in") == [6, 6])
    }

    @Test func `B12: no answer tells how many tries are left, or that there are none`() async throws
    {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        _ = try await harness.register()
        let answers = try await harness.failToLogIn(8)
        #expect(Set(answers.map { AnswerSeen($0) }).count == 1)
        #expect(answers.allSatisfy { $0.headers[.retryAfter] == nil })
    }
}

@Suite(.serialized) struct `Showing a profile to everybody` {
    @Test func `B11: unknown, deleted, suspended and private ones are not there`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (shown, tokens) = try await harness.join()
        let (hidden, hiding) = try await harness.enter("hidden@example.org")
        _ = try await harness.send(
            .patch, "/api/v1/users/me",
            headers: [
                .authorization: "Bearer \(hiding.accessToken)",
                .contentType: "application/merge-patch+json",
            ], json: #"{"publicFields":[]}"#)
        let (gone, leaving) = try await harness.enter("gone@example.org")
        _ = try await harness.send(.delete, "/api/v1/users/me", token: leaving.accessToken)
        let held = try await harness.enter("held@example.org").user
        try await harness.suspend(held.id)
        var seen: Set<AnswerSeen> = []
        for id in [hidden.id, gone.id, held.id, UserID()].map(\.description) {
            let answer = try await harness.send(.get, "/api/v1/users/\(id)/public")
            #expect(answer.status == .notFound)
            seen.insert(AnswerSeen(answer, at: id))
        }
        #expect(seen.count == 1)
        #expect(try await harness.send(.get, "/api/v1/users/x/public").status == .notFound)
        let other = try await harness.send(.get, "/api/v1/users/\(shown.id)/public")
        #expect(other.status == .ok)
        #expect(other.text == #"{"firstName":"Ada","id":"\#(shown.id)"}"#)
        #expect(try await harness.show(tokens.accessToken) == shown)
    }
}
