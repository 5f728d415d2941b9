import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import Storage
import Testing
import UserContract
import Web

@testable import User

@Suite(.serialized) struct `Confirming an address` {
    private static let path = "/api/v1/email-verifications"

    @Test func `B81: makes the account active, tells it once, and needs no session`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (user, tokens) = try await harness.join()
        let answer = try await harness.confirmAddress(
            try await harness.welcomeToken(of: user.id))
        #expect(answer.status == .noContent)
        #expect(answer.body.isEmpty)
        #expect(try await harness.show(tokens.accessToken).status == "active")
        let events = try await harness.published(UserEmailVerified.self)
        #expect(events.map(\.userID) == [user.id])
        #expect(events.map(\.email) == [user.email])
        #expect(events.map(\.verifiedAt) == [harness.time.now])
        #expect(try await harness.published(UserSessionsEnded.self).isEmpty)
    }

    @Test func `B81: ends the sessions that were opened from elsewhere`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (user, stranger) = try await harness.join()
        let session = try harness.claims(of: stranger.accessToken).sid
        let elsewhere = try #require(SessionID(session))
        try await harness.database.write { transaction in
            try transaction.execute(
                "UPDATE sessions SET ip_address = '203.0.113.9' WHERE id = \(elsewhere)")
        }
        let owner = try await harness.logIn().read(TokensSeen.self)
        let answer = try await harness.confirmAddress(
            try await harness.welcomeToken(of: user.id))
        #expect(answer.status == .noContent)
        #expect(try await harness.refresh(stranger.refreshToken).status == .unauthorized)
        let shown = try await harness.call(.get, "/api/v1/users/me", token: stranger.accessToken)
        #expect(shown.status == .unauthorized)
        #expect(try await harness.refresh(owner.refreshToken).status == .ok)
        let ended = try await harness.published(UserSessionsEnded.self)
        #expect(ended.map(\.reason) == ["address_confirmed"])
        #expect(ended.map(\.sessionIDs) == [[session]])
    }

    @Test func `B10: asking for another mail is answered alike when there is nothing to confirm`()
        async throws
    {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (user, tokens) = try await harness.join()
        let before = try await harness.call(.post, Self.path, token: tokens.accessToken)
        _ = try await harness.confirmAddress(
            try harness.open(
                try await harness.published(UserEmailVerificationRequested.self).first?
                    .sealedToken, of: user.id, .emailVerification))
        let after = try await harness.call(.post, Self.path, token: tokens.accessToken)
        for answer in [before, after] {
            #expect(answer.status == .accepted)
            #expect(answer.body.isEmpty)
        }
        let events = try await harness.published(UserEmailVerificationRequested.self)
        #expect(events.map(\.email) == [user.email])
        #expect(events.map(\.expiresAt) == [harness.time.now + 86_400])
        #expect(try await harness.call(.post, Self.path).status == .unauthorized)
    }

    @Test(arguments: [false, true])
    func `B79: three mails, then waits that double`(isConfirmed: Bool) async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (user, tokens) = try await harness.join()
        if isConfirmed {
            _ = try await harness.confirmAddress(try await harness.welcomeToken(of: user.id))
        }
        func ask() async throws -> TestAnswer {
            try await harness.call(.post, Self.path, token: tokens.accessToken)
        }
        for _ in 1...3 { #expect(try await ask().status == .accepted) }
        for wait in [60, 120] {
            let refused = try await ask()
            #expect(refused.status == .tooManyRequests)
            #expect(refused.headers[.retryAfter] == "\(wait)")
            harness.time.advance(by: .seconds(wait))
            #expect(try await ask().status == .accepted)
        }
        let events = try await harness.published(UserEmailVerificationRequested.self)
        #expect(events.count == (isConfirmed ? 0 : 5))
    }

    @Test(arguments: ["", "x", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "a\u{0}b", "é"])
    func `B73: refuses what is no token, and changes nothing`(token: String) async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (_, tokens) = try await harness.join()
        for path in [
            Self.path + "/confirm", "/api/v1/email-changes/confirm", "/api/v1/email-changes/undo",
        ] {
            let answer = try await harness.call(.post, path, ["token": token])
            #expect(answer.status == (token.isEmpty ? .unprocessableContent : .badRequest))
        }
        #expect(try await harness.show(tokens.accessToken).status == "pending_verification")
        #expect(try await harness.published(UserEmailVerified.self).isEmpty)
    }

    @Test func `B76: no GET spends a token`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let user = try await harness.register().read(UserSeen.self)
        let token = try await harness.welcomeToken(of: user.id)
        for path in [Self.path, "/api/v1/password-resets", "/api/v1/email-changes"] {
            let answer = try await harness.call(.get, path + "/confirm?token=\(token)")
            #expect(answer.status == .methodNotAllowed)
        }
        #expect(try await harness.confirmAddress(token).status == .noContent)
    }
}
