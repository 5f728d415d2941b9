import Crypto
import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import Storage
import Testing
import UserContract
import Web

@testable import User

@Suite(.serialized) struct `Resetting a password` {
    @Test func `B5: is answered alike for every account and for none`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let unverified = try await harness.enter("ada@example.org").user
        let verified = try await harness.enter("eve@example.org").user
        _ = try await harness.confirmAddress(try await harness.welcomeToken(of: verified.id))
        let suspended = try await harness.enter("sue@example.org").user
        try await harness.suspend(suspended.id)
        for email in [
            unverified.email, verified.email, suspended.email, "nobody@example.org", "no address",
        ] {
            let answer = try await harness.requestReset(email)
            #expect(answer.status == .accepted)
            #expect(answer.body.isEmpty)
            #expect(answer.headers[.location] == nil)
            #expect(answer.headers[.setCookie] == nil)
        }
        let events = try await harness.published(UserPasswordResetRequested.self)
        #expect(events.map(\.userID) == [unverified.id, verified.id, suspended.id])
        #expect(events.map(\.expiresAt) == events.map { _ in harness.time.now + 1_800 })
    }

    @Test func `B5: takes the same least time for an account and for none`() async throws {
        let harness = try await ModuleHarness(
            UserModule.self, settings: ["user.failureFloor": "150ms"])
        _ = try await harness.register()
        for email in ["ada@example.org", "nobody@example.org", "no address"] {
            let start = ContinuousClock.now
            _ = try await harness.requestReset(email)
            #expect(ContinuousClock.now - start >= .milliseconds(150))
        }
    }

    @Test func `B6, B79: three mails, then waits that double, told to nobody`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let user = try await harness.register().read(UserSeen.self)
        func ask() async throws -> Int {
            for email in ["ada@example.org", " ADA@example.org ", "nobody@example.org"] {
                let answer = try await harness.requestReset(email)
                #expect(answer.status == .accepted)
                #expect(answer.body.isEmpty)
                #expect(answer.headers[.retryAfter] == nil)
            }
            return try await harness.resetTokens(of: user.id).count
        }
        #expect(try await ask() == 2)
        #expect(try await ask() == 3)
        #expect(try await ask() == 3)
        for wait in [60, 120, 240] {
            let count = try await harness.resetTokens(of: user.id).count
            harness.time.advance(by: .seconds(wait - 1))
            #expect(try await ask() == count)
            harness.time.advance(by: .seconds(1))
            #expect(try await ask() == count + 1)
        }
    }

    @Test func `B6: counts by what was typed, whether there is such an account or not`()
        async throws
    {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        _ = try await harness.register()
        for _ in 1...4 {
            _ = try await harness.requestReset("ada@example.org")
            _ = try await harness.requestReset("nobody@example.org")
        }
        let counts = try await harness.database.read { transaction in
            try transaction.rows("SELECT count FROM throttles WHERE key LIKE 'mail:reset:%'")
                .map { try $0.get("count", as: Int.self) }
        }
        #expect(counts == [3, 3])
        #expect(try await !harness.textOfTables().contains("nobody"))
    }

    @Test func `B79: a client address is heeded so often a minute, whomever it asks for`()
        async throws
    {
        let harness = try await ModuleHarness(
            UserModule.self, settings: .withoutFloor(and: ["user.resetsPerMinute": "2"]))
        for name in ["a", "b", "c"] {
            _ = try await harness.register(["email": .string("\(name)@example.org")])
        }
        for name in ["a", "b", "c"] {
            #expect(try await harness.requestReset("\(name)@example.org").status == .accepted)
        }
        let events = try await harness.published(UserPasswordResetRequested.self)
        #expect(events.map(\.email) == ["a@example.org", "b@example.org"])
    }

    @Test func `B94: mails the stored address, never the typed one`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        _ = try await harness.register(["email": .string("Kida@Example.org")])
        _ = try await harness.requestReset("kIDA@example.ORG")
        let events = try await harness.published(UserPasswordResetRequested.self)
        #expect(events.map(\.email) == ["Kida@Example.org"])
    }

    @Test(arguments: [
        "\u{212A}ida@example.org", "k\u{131}da@example.org", "k\u{130}da@example.org",
        "kida@examp\u{142}e.org", "kidа@example.org", "kida@example\u{3002}org",
        "kida@example.org\u{202E}", "ｋida@example.org", "kida+x@example.org",
    ])
    func `B94: an address that looks or folds alike is another one`(typed: String) async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        _ = try await harness.register(["email": .string("kida@example.org")])
        let answer = try await harness.requestReset(typed)
        #expect([.accepted, .unprocessableContent].contains(answer.status))
        #expect(try await harness.published(UserPasswordResetRequested.self).isEmpty)
        #expect(try await harness.logIn(typed).status != .created)
    }

    @Test func `B75: opens no session and does not stand for the second factor`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (user, _, factor) = try await harness.joinWithFactor()
        _ = try await harness.confirmAddress(try await harness.welcomeToken(of: user.id))
        let sessions = try await harness.published(UserLoggedIn.self).count
        let answer = try await harness.confirmReset(
            try await harness.resetToken(of: user), "battery staple")
        #expect(answer.status == .noContent)
        #expect(answer.body.isEmpty)
        #expect(answer.headers[.setCookie] == nil)
        #expect(try await harness.published(UserLoggedIn.self).count == sessions)
        let next = try await harness.logIn("ada@example.org", "battery staple")
        #expect(next.status == .unauthorized)
        #expect(next.code == "auth.mfa_required")
        let code = factor.code(at: harness.time.now)
        let opened = try await harness.logIn("ada@example.org", "battery staple", totp: code)
        #expect(opened.status == .created)
    }

    @Test func `B81: voids the old password and every session, and confirms the address`()
        async throws
    {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (user, tokens) = try await harness.join()
        let other = try await harness.logIn().read(TokensSeen.self)
        let token = try await harness.resetToken(of: user)
        #expect(try await harness.confirmReset(token, "battery staple").status == .noContent)
        for tokens in [tokens, other] {
            #expect(try await harness.refresh(tokens.refreshToken).status == .unauthorized)
            let shown = try await harness.call(
                .get, "/api/v1/users/me", token: tokens.accessToken)
            #expect(shown.status == .unauthorized)
        }
        #expect(try await harness.logIn().status == .unauthorized)
        let opened = try await harness.logIn("ada@example.org", "battery staple")
        #expect(try await harness.show(opened.read(TokensSeen.self).accessToken).status == "active")
        #expect(try await harness.published(UserEmailVerified.self).map(\.userID) == [user.id])
        let ended = try await harness.published(UserSessionsEnded.self)
        #expect(ended.map(\.reason) == ["password_reset"])
        #expect(ended.map(\.sessionIDs.count) == [2])
        #expect(try await harness.published(UserPasswordChanged.self).map(\.userID) == [user.id])
    }

    @Test func `B34: a bad password is refused and leaves the token good`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let user = try await harness.register().read(UserSeen.self)
        let token = try await harness.resetToken(of: user)
        let refused = try await harness.confirmReset(token, "password1234")
        #expect(refused.status == .unprocessableContent)
        #expect(try refused.read(ProblemSeen.self).errors?.map(\.pointer) == ["/newPassword"])
        #expect(try await harness.logIn().status == .created)
        #expect(try await harness.confirmReset(token, "battery staple").status == .noContent)
    }

    @Test func `B38: works while the account's log-ins wait, and ends the wait`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let user = try await harness.register().read(UserSeen.self)
        for _ in 1...6 { _ = try await harness.logIn("ada@example.org", "wrong horse") }
        #expect(try await harness.logIn().status == .unauthorized)
        let token = try await harness.resetToken(of: user)
        #expect(try await harness.confirmReset(token, "battery staple").status == .noContent)
        #expect(try await harness.logIn("ada@example.org", "battery staple").status == .created)
    }
}
