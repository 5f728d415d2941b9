import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import Storage
import Testing
import User
import UserContract
import Web

@Suite(.serialized) struct `Confirming another address` {
    private static let new = "countess@example.org"

    @Test func `B97: waits until mail to the new one arrived, then tells the old one`()
        async throws
    {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (user, tokens) = try await harness.join()
        let asked = try await harness.requestEmail(Self.new, token: tokens.accessToken)
        #expect(asked.status == .accepted)
        #expect(asked.body.isEmpty)
        #expect(try await harness.show(tokens.accessToken) == user)
        #expect(try await harness.logIn(Self.new).status == .unauthorized)
        #expect(try await harness.published(UserEmailChanged.self).isEmpty)
        let requests = try await harness.published(UserEmailChangeRequested.self)
        #expect(requests.map(\.email) == [Self.new])
        #expect(requests.map(\.expiresAt) == [harness.time.now + 86_400])

        let confirmed = try await harness.confirmEmail(
            try await harness.changeToken(of: user.id))
        #expect(confirmed.status == .noContent)
        #expect(try await harness.show(tokens.accessToken).email == Self.new)
        #expect(try await harness.show(tokens.accessToken).status == "active")
        #expect(try await harness.logIn(Self.new).status == .created)
        #expect(try await harness.logIn().status == .unauthorized)
        let events = try await harness.published(UserEmailChanged.self)
        #expect(events.map(\.email) == [Self.new])
        #expect(events.map(\.oldEmail) == [user.email])
        #expect(events.map(\.expiresAt) == [harness.time.now + 3 * 86_400])
        #expect(try await !harness.undoToken(of: user.id).isEmpty)
    }

    @Test func `B97: the undo link of the old one takes it back and ends every session`()
        async throws
    {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (user, tokens) = try await harness.join()
        _ = try await harness.requestEmail(Self.new, token: tokens.accessToken)
        _ = try await harness.confirmEmail(try await harness.changeToken(of: user.id))
        let undo = try await harness.undoToken(of: user.id)
        let thief = try await harness.logIn(Self.new).read(TokensSeen.self)
        harness.time.advance(by: .seconds(3 * 86_400 - 1))
        #expect(try await harness.undoEmail(undo).status == .noContent)
        for tokens in [tokens, thief] {
            #expect(try await harness.refresh(tokens.refreshToken).status == .unauthorized)
        }
        // Whoever was in the account may know the password.
        #expect(try await harness.logIn().status == .unauthorized)
        let reset = try await harness.resetToken(of: user)
        #expect(try await harness.confirmReset(reset, "the owner's staple").status == .noContent)
        let back = try await harness.logIn(user.email, "the owner's staple")
            .read(TokensSeen.self)
        #expect(try await harness.show(back.accessToken).email == user.email)
        #expect(try await harness.undoEmail(undo).status == .badRequest)
        let events = try await harness.published(UserEmailChanged.self)
        #expect(events.map(\.email) == [Self.new, user.email])
        #expect(events.last?.sealedToken == nil)
        #expect(
            try await harness.published(UserSessionsEnded.self).map(\.reason)
                == ["email_changed"])
    }

    @Test func `B97: a second factor that was turned on after the change goes with it`()
        async throws
    {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (user, tokens) = try await harness.join()
        _ = try await harness.requestEmail(Self.new, token: tokens.accessToken)
        _ = try await harness.confirmEmail(try await harness.changeToken(of: user.id))
        let undo = try await harness.undoToken(of: user.id)
        _ = try await harness.turnOnFactor(tokens.accessToken)
        #expect(try await harness.undoEmail(undo).status == .noContent)
        #expect(try await harness.count("SELECT COUNT(*) AS n FROM totp_factors") == 0)
    }

    @Test(arguments: ["password", "reset", "email"])
    func `B97: whoever took the account can't take the undo link's worth`(by: String) async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (user, tokens) = try await harness.join()
        _ = try await harness.requestEmail(Self.new, token: tokens.accessToken)
        _ = try await harness.confirmEmail(try await harness.changeToken(of: user.id))
        let undo = try await harness.undoToken(of: user.id)
        switch by {
        case "password":
            let answer = try await harness.call(
                .post, "/api/v1/users/me/password",
                ["currentPassword": Form.password, "newPassword": "battery staple"],
                token: tokens.accessToken)
            #expect(answer.status == .noContent)
        case "reset":
            _ = try await harness.requestReset(Self.new)
            let token = try #require(try await harness.resetTokens(of: user.id).last)
            let answer = try await harness.confirmReset(token, "battery staple")
            #expect(answer.status == .noContent)
        default:
            _ = try await harness.requestEmail("third@example.org", token: tokens.accessToken)
            _ = try await harness.confirmEmail(try await harness.changeToken(of: user.id))
            let own = try await harness.undoToken(of: user.id)
            #expect(try await harness.undoEmail(own).status == .noContent)
        }
        #expect(try await harness.undoEmail(undo).status == .noContent)
        let reset = try await harness.resetToken(of: user)
        #expect(try await harness.confirmReset(reset, "the owner's staple").status == .noContent)
        #expect(try await harness.logIn(user.email, "the owner's staple").status == .created)
    }

    @Test func `B97: taking a change back takes those after it back, too`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (user, tokens) = try await harness.join()
        var undo: [String] = []
        for email in [Self.new, "third@example.org"] {
            harness.time.advance(by: .seconds(1))
            _ = try await harness.requestEmail(email, token: tokens.accessToken)
            _ = try await harness.confirmEmail(try await harness.changeToken(of: user.id))
            undo.append(try await harness.undoToken(of: user.id))
        }
        #expect(try await harness.undoEmail(undo[0]).status == .noContent)
        #expect(try await harness.undoEmail(undo[1]).status == .badRequest)
        let count = try await harness.count(
            "SELECT COUNT(*) AS n FROM users WHERE email = \(user.email)")
        #expect(count == 1)
    }

    @Test func `B97: the undo link ends after three days`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (user, tokens) = try await harness.join()
        _ = try await harness.requestEmail(Self.new, token: tokens.accessToken)
        _ = try await harness.confirmEmail(try await harness.changeToken(of: user.id))
        let undo = try await harness.undoToken(of: user.id)
        harness.time.advance(by: .seconds(3 * 86_400))
        #expect(try await harness.undoEmail(undo).code == "auth.token_invalid")
        #expect(try await harness.logIn(Self.new).status == .created)
    }

    @Test(arguments: ["ended", "all", "password"])
    func `B97: is refused when the session that asked has ended`(how: String) async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (user, tokens) = try await harness.join()
        let other = try await harness.logIn().read(TokensSeen.self)
        _ = try await harness.requestEmail(Self.new, token: tokens.accessToken)
        let token = try await harness.changeToken(of: user.id)
        switch how {
        case "ended":
            _ = try await harness.call(
                .delete, "/api/v1/sessions/current", token: tokens.accessToken)
        case "all":
            _ = try await harness.call(
                .delete, "/api/v1/sessions/others", token: other.accessToken)
        default:
            _ = try await harness.call(
                .post, "/api/v1/users/me/password",
                ["currentPassword": Form.password, "newPassword": Form.password + "!"],
                token: other.accessToken)
        }
        #expect(try await harness.confirmEmail(token).code == "auth.token_invalid")
        #expect(try await harness.show(other.accessToken).email == user.email)
        #expect(try await harness.published(UserEmailChanged.self).isEmpty)
    }

    @Test func `B97: needs a log-in of the last five minutes, or the password`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (_, tokens) = try await harness.join()
        let token = tokens.accessToken
        harness.time.advance(by: .seconds(300))
        let refused = try await harness.requestEmail(Self.new, token: token)
        #expect(refused.status == .forbidden)
        #expect(refused.code == "auth.reauthentication_required")
        let wrong = try await harness.requestEmail(
            Self.new, token: token, ["currentPassword": "wrong horse"])
        #expect(wrong.code == "user.wrong_password")
        #expect(try await harness.published(UserEmailChangeRequested.self).isEmpty)
        let right = try await harness.requestEmail(
            Self.new, token: token, ["currentPassword": Form.password])
        #expect(right.status == .accepted)
    }

    @Test func `B9: a taken one is answered like a free one, and its owner alone is told`()
        async throws
    {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (user, tokens) = try await harness.join()
        let (eve, _) = try await harness.enter("eve@example.org")
        _ = try await harness.confirmAddress(try await harness.welcomeToken(of: eve.id))
        let free = try await harness.requestEmail(Self.new, token: tokens.accessToken)
        let first = try await harness.changeToken(of: user.id)
        let taken = try await harness.requestEmail("EVE@example.org", token: tokens.accessToken)
        for answer in [free, taken] {
            #expect(answer.status == .accepted)
            #expect(answer.body.isEmpty)
        }
        #expect(Set(free.headers.map(\.name)) == Set(taken.headers.map(\.name)))
        let events = try await harness.published(UserEmailChangeRequested.self)
        #expect(events.map(\.email) == [Self.new, "EVE@example.org"])
        #expect(events.map { $0.sealedToken == nil } == [false, true])
        #expect(events[0].expiresAt == events[1].expiresAt)
        // The mail before it is worth nothing in any case, or it would tell one from the other.
        #expect(try await harness.confirmEmail(first).code == "auth.token_invalid")
        #expect(try await harness.show(tokens.accessToken) == user)
    }

    @Test func `B79: three mails, then a wait`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (_, tokens) = try await harness.join()
        for index in 1...3 {
            let answer = try await harness.requestEmail(
                "new\(index)@example.org", token: tokens.accessToken)
            #expect(answer.status == .accepted)
        }
        let refused = try await harness.requestEmail(Self.new, token: tokens.accessToken)
        #expect(refused.status == .tooManyRequests)
        #expect(refused.headers[.retryAfter] == "60")
        #expect(try await harness.published(UserEmailChangeRequested.self).count == 3)
    }

    @Test func `B80: of two accounts that race for one address, one gets it`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        var tokens: [String] = []
        for name in ["ada", "eve", "sue"] {
            let (user, session) = try await harness.enter("\(name)@example.org")
            _ = try await harness.requestEmail(Self.new, token: session.accessToken)
            tokens.append(try await harness.changeToken(of: user.id))
        }
        let contenders = tokens
        let answers = try await atOnce(3) { try await harness.confirmEmail(contenders[$0]) }
        #expect(answers.count { $0.status == .noContent } == 1)
        #expect(answers.count { $0.status == .conflict } == 2)
        #expect(answers.count { $0.code == "user.email_taken" } == 2)
        #expect(try await harness.published(UserEmailChanged.self).count == 1)
        #expect(try await harness.logIn(Self.new).status == .created)
    }

    @Test func `B80: one that somebody opened and never confirmed goes to who can read its mail`()
        async throws
    {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (user, tokens) = try await harness.join()
        _ = try await harness.requestEmail(Self.new, token: tokens.accessToken)
        let squatter = try await harness.register(["email": .string(Self.new)])
            .read(UserSeen.self)
        let token = try await harness.changeToken(of: user.id)
        #expect(try await harness.confirmEmail(token).status == .noContent)
        #expect(try await harness.show(tokens.accessToken).email == Self.new)
        #expect(try await harness.published(UserDeleted.self).map(\.userID) == [squatter.id])
    }

    @Test func `B80: one that somebody confirmed meanwhile is a clean conflict`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (user, tokens) = try await harness.join()
        _ = try await harness.requestEmail(Self.new, token: tokens.accessToken)
        let other = try await harness.register(["email": .string(Self.new)])
            .read(UserSeen.self)
        _ = try await harness.confirmAddress(try await harness.welcomeToken(of: other.id))
        let answer = try await harness.confirmEmail(try await harness.changeToken(of: user.id))
        #expect(answer.status == .conflict)
        #expect(try await harness.show(tokens.accessToken) == user)
        #expect(try await harness.published(UserEmailChanged.self).isEmpty)
    }

    @Test func `B93: another case of one's own is a change, the very same is none`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (user, tokens) = try await harness.join()
        let same = try await harness.requestEmail(user.email, token: tokens.accessToken)
        #expect(same.status == .conflict)
        #expect(same.code == "user.same_email")
        _ = try await harness.requestEmail("Ada@Example.org", token: tokens.accessToken)
        _ = try await harness.confirmEmail(try await harness.changeToken(of: user.id))
        #expect(try await harness.show(tokens.accessToken).email == "Ada@Example.org")
        #expect(try await harness.logIn().status == .created)
    }
}
