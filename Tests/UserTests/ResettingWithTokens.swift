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

/// Tokens of mails, whatever they are for.
@Suite(.serialized) struct `Resetting and confirming with tokens` {
    private static let uses: [TokenUse] = [
        .emailVerification, .passwordReset, .emailChange, .emailChangeUndo, .secondFactor,
    ]

    private func use(
        _ token: String, for use: TokenUse, _ harness: ModuleHarness<UserModule>
    ) async throws -> TestAnswer {
        switch use {
        case .emailVerification: try await harness.confirmAddress(token)
        case .passwordReset: try await harness.confirmReset(token, "battery staple")
        case .emailChange: try await harness.confirmEmail(token)
        case .emailChangeUndo: try await harness.undoEmail(token)
        case .secondFactor: try await harness.complete(token, totp: "123456")
        }
    }

    @Test(arguments: uses)
    func `B73: one works for its own purpose alone`(purpose: TokenUse) async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (user, tokens) = try await harness.join()
        let token = OneTimeToken()
        let now = harness.time.now
        _ = try await harness.database.write { transaction in
            try OneTimeTokenStore().issue(
                token, purpose, of: user.id, email: "eve@example.org", at: now, in: transaction)
        }
        for other in Self.uses where other != purpose {
            let answer = try await use(token.text, for: other, harness)
            #expect(answer.status == .badRequest)
            #expect(answer.code == "auth.token_invalid")
        }
        let shown = try await harness.call(.get, "/api/v1/users/me", token: token.text)
        #expect(shown.status == .unauthorized)
        #expect(try await harness.refresh(token.text).status == .unauthorized)
        #expect(try await harness.show(tokens.accessToken) == user)
        #expect(try await harness.logIn().status == .created)
        let grant = try await harness.database.read {
            try OneTimeTokenStore().find(token, purpose, at: now, in: $0)
        }
        #expect(grant?.userID == user.id)
        #expect(grant?.expiresAt == now + purpose.lifetime)
    }

    @Test func `B73: the lifetimes are short`() {
        #expect(TokenUse.passwordReset.lifetime == 30 * 60)
        #expect(TokenUse.emailVerification.lifetime == 24 * 3_600)
        #expect(TokenUse.emailChange.lifetime == 24 * 3_600)
        #expect(TokenUse.secondFactor.lifetime == 5 * 60)
    }

    @Test(arguments: [
        (TokenUse.passwordReset, 1_799, true), (.passwordReset, 1_800, false),
        (.emailVerification, 86_399, true), (.emailVerification, 86_400, false),
    ])
    func `B73: one ends after its time`(purpose: TokenUse, age: Int, isGood: Bool) async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let user = try await harness.register().read(UserSeen.self)
        let token =
            purpose == .passwordReset
            ? try await harness.resetToken(of: user)
            : try await harness.welcomeToken(of: user.id)
        harness.time.advance(by: .seconds(age))
        let answer = try await use(token, for: purpose, harness)
        #expect(answer.status == (isGood ? .noContent : .badRequest))
    }

    @Test func `B73: has 256 bits, and only their hash is stored`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let user = try await harness.register().read(UserSeen.self)
        let tokens = [
            try await harness.welcomeToken(of: user.id), try await harness.resetToken(of: user),
        ]
        let text = try await harness.textOfTables() + harness.textOfEvents()
        for token in tokens {
            #expect(Data(base64URLEncoded: token)?.count == 32)
            #expect(!text.tells(token))
            #expect(text.contains(SHA256.hash(data: Data(token.utf8)).hexEncoded))
        }
        #expect(tokens[0] != tokens[1])
    }

    @Test func `B73: of several resets at once with one token, one succeeds`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let user = try await harness.register().read(UserSeen.self)
        let token = try await harness.resetToken(of: user)
        // So few that none waits for a hash longer than it may.
        let answers = try await atOnce(6) { index in
            try await harness.confirmReset(token, "battery staple \(index)")
        }
        #expect(answers.count { $0.status == .noContent } == 1)
        #expect(answers.count { $0.code == "auth.token_invalid" } == 5)
        #expect(try await harness.published(UserPasswordChanged.self).count == 1)
        var openedCount = 0
        for index in 0..<6 {
            let store = try await harness.passwordHash(of: user.id)
            let hash = try #require(PasswordHash(store))
            if hash.fits(Password("battery staple \(index)")) { openedCount += 1 }
        }
        #expect(openedCount == 1)
        #expect(try await harness.confirmReset(token, "another staple").status == .badRequest)
    }

    @Test func `B73: of twenty confirmations at once with one token, one succeeds`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let user = try await harness.register().read(UserSeen.self)
        let token = try await harness.welcomeToken(of: user.id)
        let answers = try await atOnce(20) { _ in try await harness.confirmAddress(token) }
        #expect(answers.count { $0.status == .noContent } == 1)
        #expect(answers.count { $0.code == "auth.token_invalid" } == 19)
        #expect(try await harness.published(UserEmailVerified.self).count == 1)
    }

    @Test func `B74: a new request makes the mail before it worthless`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (user, tokens) = try await harness.join()
        let first = try await harness.resetToken(of: user)
        let second = try await harness.resetToken(of: user)
        #expect(try await harness.confirmReset(first, "battery staple").status == .badRequest)
        #expect(try await harness.logIn().status == .created)
        let welcome = try await harness.welcomeToken(of: user.id)
        let again = try await harness.call(
            .post, "/api/v1/email-verifications", token: tokens.accessToken)
        #expect(again.status == .accepted)
        #expect(try await harness.confirmAddress(welcome).status == .badRequest)
        let event = try await harness.published(UserEmailVerificationRequested.self).first
        let newer = try harness.open(event?.sealedToken, of: user.id, .emailVerification)
        #expect(try await harness.confirmAddress(newer).status == .noContent)
        #expect(try await harness.confirmReset(second, "battery staple").status == .noContent)
    }

    @Test(arguments: ["change", "reset", "email"])
    func `B74: a new password or address makes all of them worthless`(by: String) async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (user, tokens) = try await harness.join()
        let welcome = try await harness.welcomeToken(of: user.id)
        let reset = try await harness.resetToken(of: user)
        let asked = try await harness.requestEmail("eve@example.org", token: tokens.accessToken)
        #expect(asked.status == .accepted)
        let change = try await harness.changeToken(of: user.id)
        switch by {
        case "change":
            let answer = try await harness.call(
                .post, "/api/v1/users/me/password",
                ["currentPassword": Form.password, "newPassword": "battery staple"],
                token: tokens.accessToken)
            #expect(answer.status == .noContent)
        case "reset":
            #expect(try await harness.confirmReset(reset, "battery staple").status == .noContent)
        default:
            #expect(try await harness.confirmEmail(change).status == .noContent)
        }
        #expect(try await harness.confirmAddress(welcome).status == .badRequest)
        #expect(try await harness.confirmReset(reset, "another staple").status == .badRequest)
        #expect(try await harness.confirmEmail(change).status == .badRequest)
    }
}
