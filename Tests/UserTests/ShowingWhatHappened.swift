import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import Storage
import Testing
import UserContract
import Web

@testable import User

@Suite(.serialized) struct `Showing what happened to an account` {
    private typealias Harness = ModuleHarness<UserModule>
    private static let me = "/api/v1/users/me"

    /// How often each type was published.
    private func counts(_ harness: Harness) async throws -> [String: Int] {
        try await harness.database.read { transaction in
            let rows = try transaction.rows(
                "SELECT type, COUNT(*) AS n FROM outbox_events GROUP BY type")
            return Dictionary(
                uniqueKeysWithValues: try rows.map { (try $0.get("type"), try $0.get("n")) })
        }
    }

    @Test func `B111: each change is told exactly once, and no secret with it`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        var secrets = [Form.password, "battery staple", "another staple", "argon2"]

        let (user, tokens) = try await harness.join()
        secrets += [tokens.accessToken, tokens.refreshToken]
        _ = try await harness.logIn("ada@example.org", "battery staple")
        _ = try await harness.call(
            .post, "/api/v1/email-verifications", token: tokens.accessToken)
        let verification = try await harness.published(UserEmailVerificationRequested.self).first
        let confirmation = try harness.open(
            verification?.sealedToken, of: user.id, .emailVerification)
        secrets += [confirmation, try await harness.welcomeToken(of: user.id)]
        _ = try await harness.confirmAddress(confirmation)

        let factor = try await harness.turnOnFactor(tokens.accessToken)
        secrets += [factor.totp.base32, factor.accessToken]
        secrets += factor.recoveryCodes
        _ = try await harness.call(.delete, Harness.totpPath, token: factor.accessToken)

        _ = try await harness.call(
            .post, Self.me + "/password",
            ["currentPassword": Form.password, "newPassword": "battery staple"],
            token: tokens.accessToken)
        _ = try await harness.requestEmail("countess@example.org", token: tokens.accessToken)
        let change = try await harness.changeToken(of: user.id)
        _ = try await harness.confirmEmail(change)
        secrets += [change, try await harness.undoToken(of: user.id)]
        _ = try await harness.requestReset("countess@example.org")
        let reset = try #require(try await harness.resetTokens(of: user.id).last)
        secrets.append(reset)
        _ = try await harness.confirmReset(reset, "another staple")
        let last = try await harness.logIn("countess@example.org", "another staple")
            .read(TokensSeen.self)
        secrets += [last.accessToken, last.refreshToken]
        _ = try await harness.call(.delete, Self.me, token: last.accessToken)

        let expected = [
            "UserRegisteredEventV1": 1, "UserLoggedInEventV1": 2, "UserLoginFailedEventV1": 1,
            "UserEmailVerificationRequestedEventV1": 1, "UserEmailVerifiedEventV1": 1,
            "MfaStatusChangedEventV1": 2, "UserPasswordChangedEventV1": 2,
            "UserEmailChangeRequestedEventV1": 1, "UserEmailChangedEventV1": 1,
            "UserPasswordResetRequestedEventV1": 1, "UserSessionsEndedEventV1": 1,
            "UserDeletedEventV1": 1,
        ]
        #expect(try await counts(harness) == expected)
        let text = try await harness.textOfEvents()
        for secret in secrets { #expect(!text.tells(secret), "\(secret) is told") }
    }

    @Test func `B111: what is refused is not told`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (_, tokens) = try await harness.join()
        let before = try await counts(harness)
        let token = tokens.accessToken
        let refusals = [
            try await harness.register(),
            try await harness.register(["email": .string("x")]),
            try await harness.confirmAddress("x"), try await harness.confirmEmail("x"),
            try await harness.undoEmail("x"), try await harness.confirmReset("x", "a long staple"),
            try await harness.requestEmail("ada@example.org", token: token),
            try await harness.call(.post, Self.me + "/email", ["newEmail": "x"], token: token),
            try await harness.call(
                .post, Self.me + "/password",
                ["currentPassword": "wrong", "newPassword": "battery staple"], token: token),
            try await harness.call(
                .post, Harness.totpPath + "/confirm", ["code": "123456"], token: token),
            try await harness.call(.delete, Harness.totpPath, token: token),
            try await harness.call(.post, Harness.codesPath, token: token),
            try await harness.call(.put, Self.me, ["firstName": ""], token: token),
            try await harness.call(.patch, Self.me, ["phone": "1"], token: token),
            try await harness.call(.post, AddressBook.path, ["label": "x"], token: token),
            try await harness.call(.delete, "\(AddressBook.path)/\(UserID())", token: token),
            try await harness.call(.delete, "/api/v1/sessions/\(UserID())", token: token),
            try await harness.call(.post, "/api/v1/sessions/step-up", [:], token: token),
            try await harness.call(.delete, Self.me, ["totp": ""], token: token),
        ]
        for (index, answer) in refusals.enumerated() {
            #expect((400..<500).contains(answer.status.code), "\(index): \(answer.text)")
        }
        #expect(try await counts(harness) == before)
    }
}
