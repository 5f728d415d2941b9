import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import Storage
import Testing
import User
import UserContract
import Web

@Suite(.serialized) struct `Resetting an account that a stranger opened` {
    @Test func `B81: the owner gets in, past a second factor that the stranger set`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (user, tokens, _) = try await harness.joinWithFactor()
        #expect(
            try await harness.send(
                .post, "/api/v1/users/me/addresses", token: tokens.accessToken,
                json: """
                    {"label":"theirs","line1":"Elsewhere 1","city":"X","postalCode":"1",
                     "country":"DE"}
                    """
            ).status == .created)
        _ = try await harness.requestReset(user.email)
        let token = try await harness.resetToken(of: user)
        #expect(try await harness.confirmReset(token, "the owner's staple").status == .noContent)
        #expect(try await harness.logIn(user.email, "the owner's staple").status == .created)
        for table in ["totp_factors", "recovery_codes", "addresses"] as [SQL] {
            #expect(try await harness.count("SELECT COUNT(*) AS n FROM \(table)") == 0)
        }
        #expect(try await harness.published(UserAddressDeleted.self).count == 1)
    }

    @Test func `B81: so does an administrator whom the command line makes of it`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (user, _, _) = try await harness.joinWithFactor()
        _ = try await harness.module.createAdministrator(
            email: user.email, password: "battery staple")
        #expect(try await harness.logIn(user.email, "battery staple").status == .created)
    }

    @Test func `B75: a confirmed one keeps its second factor`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (user, _, _) = try await harness.joinWithFactor()
        _ = try await harness.confirmAddress(try await harness.welcomeToken(of: user.id))
        _ = try await harness.requestReset(user.email)
        let token = try await harness.resetToken(of: user)
        _ = try await harness.confirmReset(token, "the owner's staple")
        let answer = try await harness.logIn(user.email, "the owner's staple")
        #expect(try answer.read(ProblemSeen.self).code == "auth.mfa_required")
    }
}

@Suite(.serialized) struct `Acting on other accounts` {
    private let manager = TestCaller(permissions: ["users:manage"])
    private let root = TestCaller(roles: ["admin"])

    @Test(arguments: ["status", "sessions", "mfa"])
    func `B106: only administrators act on administrators`(what: String) async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        for name in ["root", "other"] {
            _ = try await harness.module.createAdministrator(
                email: "\(name)@example.org", password: "battery staple")
        }
        let boss = try #require(try await harness.published(UserRegistered.self).first?.userID)
        let path = "/api/v1/users/\(boss)/\(what)"
        let isStatus = what == "status"
        let answer = try await harness.send(
            isStatus ? .put : .delete, path, as: manager,
            json: isStatus ? #"{"status":"suspended","reason":"a coup"}"# : nil)
        #expect(answer.status == .forbidden)
        #expect(try await harness.published(UserAccountStatusChanged.self).isEmpty)
    }

    @Test func `B89: an administrator takes away a second factor that was lost`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (user, tokens, _) = try await harness.joinWithFactor()
        let path = "/api/v1/users/\(user.id)/mfa"
        #expect(try await harness.send(.delete, path, as: root).status == .noContent)
        #expect(try await harness.send(.delete, path, as: root).status == .conflict)
        #expect(try await harness.refresh(tokens.refreshToken).status == .unauthorized)
        #expect(try await harness.logIn().status == .created)
        #expect(try await harness.published(MfaStatusChanged.self).last?.enabled == false)
    }

    @Test func `B64: a half log-in ends with a suspension`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (user, _, _) = try await harness.joinWithFactor()
        _ = try await harness.mfaToken()
        #expect(try await harness.count("SELECT COUNT(*) AS n FROM one_time_tokens") > 0)
        try await harness.suspend(user.id)
        #expect(try await harness.count("SELECT COUNT(*) AS n FROM one_time_tokens") == 0)
    }

    @Test func `B79: an address that is opened again and again gets no more mails`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        var statuses: [HTTPResponse.Status] = []
        for _ in 1...4 {
            let answer = try await harness.register()
            statuses.append(answer.status)
            guard answer.status == .created else { break }
            let tokens = try await harness.logIn().read(TokensSeen.self)
            let end = try await harness.send(
                .delete, "/api/v1/users/me", token: tokens.accessToken)
            #expect(end.status == .noContent)
        }
        #expect(statuses == [.created, .created, .created, .tooManyRequests])
    }

    @Test func `B82: new recovery codes are told`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (_, _, factor) = try await harness.joinWithFactor()
        let answer = try await harness.send(
            .post, "/api/v1/users/me/mfa/recovery-codes", token: factor.accessToken)
        #expect(answer.status == .ok)
        #expect(
            try await harness.published(MfaStatusChanged.self).map(\.method)
                == ["totp", "recovery_codes"])
    }
}
