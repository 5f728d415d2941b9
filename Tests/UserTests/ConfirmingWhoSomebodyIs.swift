import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import Storage
import Testing
import User
import UserContract
import Web

@Suite(.serialized) struct `Confirming once more who somebody is` {
    private typealias Harness = ModuleHarness<UserModule>

    /// What turns the factor off, or renews its codes.
    enum Act: CaseIterable, Sendable {
        case disable, renew

        func send(
            _ proof: [String: String]?, token: String, _ harness: ModuleHarness<UserModule>
        ) async throws -> TestAnswer {
            switch self {
            case .disable:
                try await harness.call(
                    .delete, ModuleHarness.totpPath, proof, token: token)
            case .renew:
                try await harness.call(.post, ModuleHarness.codesPath, proof, token: token)
            }
        }

        var success: HTTPResponse.Status { self == .disable ? .noContent : .ok }
    }

    private func stepUp(
        _ proof: [String: String], token: String, _ harness: Harness
    ) async throws -> TestAnswer {
        try await harness.call(.post, "/api/v1/sessions/step-up", proof, token: token)
    }

    @Test func `B89: a factor is added with a log-in of the last five minutes or the password`()
        async throws
    {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (_, tokens) = try await harness.join()
        harness.time.advance(by: .seconds(299))
        _ = try await harness.enrol(tokens.accessToken)
        harness.time.advance(by: .seconds(1))
        func enrol(_ proof: [String: String]?) async throws -> TestAnswer {
            try await harness.call(
                .post, ModuleHarness.totpPath, proof, token: tokens.accessToken)
        }
        for proof in [nil, [:], ["totp": "123456"]] as [[String: String]?] {
            let refused = try await enrol(proof)
            #expect(refused.status == .forbidden)
            #expect(refused.code == "auth.reauthentication_required")
        }
        let wrong = try await enrol(["currentPassword": "wrong horse"])
        #expect(wrong.code == "user.wrong_password")
        #expect(try await enrol(["currentPassword": Form.password]).status == .created)
    }

    @Test(arguments: Act.allCases)
    func `B89: with the factor on, both are asked for after five minutes`(
        act: Act
    ) async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (_, _, factor) = try await harness.joinWithFactor()
        harness.time.advance(by: .seconds(270))
        let (token, code) = (factor.accessToken, factor.code(at: harness.time.now))
        let refusals: [([String: String]?, String)] = [
            (nil, "auth.reauthentication_required"),
            (["currentPassword": Form.password], "auth.reauthentication_required"),
            (["totp": code], "auth.reauthentication_required"),
            (["currentPassword": "wrong horse", "totp": code], "user.wrong_password"),
            (["currentPassword": Form.password, "totp": "000000"], "auth.wrong_code"),
            (
                ["currentPassword": Form.password, "recoveryCode": "ABCDE"], "auth.wrong_code"
            ),
        ]
        for (proof, reason) in refusals {
            #expect(try await act.send(proof, token: token, harness).code == reason)
        }
        #expect(try await harness.published(MfaStatusChanged.self).map(\.enabled) == [true])
        #expect(try await harness.count("SELECT COUNT(*) AS n FROM recovery_codes") == 10)
        let answer = try await act.send(
            ["currentPassword": Form.password, "totp": code], token: token, harness)
        #expect(answer.status == act.success)
    }

    @Test(arguments: Act.allCases)
    func `B89: a fresh session with both factors needs nothing more`(act: Act) async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (_, tokens, factor) = try await harness.joinWithFactor()
        // The token from before has one factor only.
        let refused = try await act.send(nil, token: tokens.accessToken, harness)
        #expect(refused.code == "auth.reauthentication_required")
        let answer = try await act.send(nil, token: factor.accessToken, harness)
        #expect(answer.status == act.success)
    }

    @Test(arguments: Act.allCases)
    func `B89: there is nothing to do without a factor`(act: Act) async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (_, tokens) = try await harness.join()
        let answer = try await act.send(nil, token: tokens.accessToken, harness)
        #expect(answer.status == .conflict)
        #expect(answer.code == "mfa.not_enrolled")
        #expect(try await harness.published(MfaStatusChanged.self).isEmpty)
    }

    @Test func `S91: a token tells how sure it is and since when, and step-up renews that`()
        async throws
    {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (_, tokens) = try await harness.join()
        let start = Int64(harness.time.now.timeIntervalSince1970)
        #expect(try harness.claims(of: tokens.accessToken).aal == .oneFactor)
        #expect(try harness.claims(of: tokens.accessToken).authTime == start)
        harness.time.advance(by: .seconds(400))
        let refreshed = try await harness.refresh(tokens.refreshToken).read(TokensSeen.self)
        #expect(try harness.claims(of: refreshed.accessToken).authTime == start)

        let none = try await stepUp([:], token: refreshed.accessToken, harness)
        #expect(none.code == "auth.reauthentication_required")
        let answer = try await stepUp(
            ["currentPassword": Form.password], token: refreshed.accessToken, harness)
        #expect(answer.status == .ok)
        let claims = try harness.claims(of: try #require(answer[member: "accessToken"]))
        #expect(claims.authTime == start + 400)
        #expect(claims.aal == .oneFactor)
        #expect(claims.sid == (try harness.claims(of: tokens.accessToken).sid))
        let next = try await harness.refresh(refreshed.refreshToken).read(TokensSeen.self)
        #expect(try harness.claims(of: next.accessToken).authTime == start + 400)
    }

    @Test func `S91: with the factor on, step-up needs both and tells of both`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (_, _, factor) = try await harness.joinWithFactor()
        let token = factor.accessToken
        #expect(try harness.claims(of: token).aal == .twoFactors)
        let half = try await stepUp(["currentPassword": Form.password], token: token, harness)
        #expect(half.code == "auth.reauthentication_required")
        let code = factor.code(at: harness.time.now)
        let answer = try await stepUp(
            ["currentPassword": Form.password, "totp": code], token: token, harness)
        let claims = try harness.claims(of: try #require(answer[member: "accessToken"]))
        #expect(claims.aal == .twoFactors)
        #expect(claims.authTime == Int64(harness.time.now.timeIntervalSince1970))
        let again = try await stepUp(
            ["currentPassword": Form.password, "totp": code], token: token, harness)
        #expect(again.code == "auth.wrong_code")
    }

    @Test func `B66: turning the factor on ends other sessions and lifts one's own`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (_, tokens) = try await harness.join()
        let other = try await harness.logIn().read(TokensSeen.self)
        _ = try await harness.turnOnFactor(tokens.accessToken)
        #expect(try await harness.refresh(other.refreshToken).status == .unauthorized)
        let shown = try await harness.call(.get, "/api/v1/users/me", token: other.accessToken)
        #expect(shown.status == .unauthorized)
        let own = try await harness.refresh(tokens.refreshToken).read(TokensSeen.self)
        #expect(try harness.claims(of: own.accessToken).aal == .twoFactors)
        let ended = try await harness.published(UserSessionsEnded.self)
        #expect(ended.map(\.reason) == ["factor_changed"])
        #expect(ended.map(\.sessionIDs) == [[try harness.claims(of: other.accessToken).sid]])
    }

    @Test func `B66: turning the factor off leaves no session with two`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (_, tokens, factor) = try await harness.joinWithFactor()
        let code = factor.code(at: harness.time.now)
        let other = try await harness.logIn(totp: code).read(TokensSeen.self)
        let answer = try await harness.call(
            .delete, ModuleHarness.totpPath, token: factor.accessToken)
        #expect(answer.status == .noContent)
        #expect(try await harness.refresh(other.refreshToken).status == .unauthorized)
        let own = try await harness.refresh(tokens.refreshToken).read(TokensSeen.self)
        #expect(try harness.claims(of: own.accessToken).aal == .oneFactor)
        #expect(try await harness.count("SELECT COUNT(*) AS n FROM totp_factors") == 0)
        #expect(try await harness.count("SELECT COUNT(*) AS n FROM recovery_codes") == 0)
        #expect(try await harness.logIn().status == .created)
        #expect(try await harness.published(MfaStatusChanged.self).map(\.enabled) == [true, false])
    }
}

@Suite(.serialized) struct `Confirming that somebody is an administrator` {
    private func enterRoot(
        _ rule: String
    ) async throws -> (ModuleHarness<UserModule>, TestAnswer) {
        let harness = try await ModuleHarness(
            UserModule.self, settings: .withoutFloor(and: ["auth.administratorFactor": rule]))
        for name in ["root", "deputy"] {
            _ = try await harness.module.createAdministrator(
                email: "\(name)@example.org", password: "battery staple")
        }
        return (harness, try await harness.logIn("root@example.org", "battery staple"))
    }

    @Test func `B90: one factor does not make one, and the log-in says so`() async throws {
        let (harness, answer) = try await enterRoot("always")
        #expect(answer.status == .created)
        #expect(answer.texts("withheldRoles") == ["admin"])
        let tokens = try answer.read(TokensSeen.self)
        #expect(try harness.claims(of: tokens.accessToken).roles == ["customer"])
        let list = try await harness.call(.get, "/api/v1/users", token: tokens.accessToken)
        #expect(list.status == .forbidden)
        let refreshed = try await harness.refresh(tokens.refreshToken)
        #expect(refreshed.texts("withheldRoles") == ["admin"])

        let factor = try await harness.turnOnFactor(tokens.accessToken)
        #expect(try harness.claims(of: factor.accessToken).roles == ["admin", "customer"])
        let now = try await harness.call(.get, "/api/v1/users", token: factor.accessToken)
        #expect(now.status == .ok)
        let disabled = try await harness.call(
            .delete, ModuleHarness.totpPath, token: factor.accessToken)
        #expect(disabled.status == .conflict)
        #expect(disabled.code == "mfa.required")
        #expect(try await harness.published(MfaStatusChanged.self).map(\.enabled) == [true])

        harness.time.advance(by: .seconds(30))
        let next = try await harness.logIn(
            "root@example.org", "battery staple", totp: factor.code(at: harness.time.now))
        #expect(next.texts("withheldRoles").isEmpty)
        let claims = try harness.claims(of: next.read(TokensSeen.self).accessToken)
        #expect(claims.roles == ["admin", "customer"])
        #expect(claims.aal == .twoFactors)
    }

    @Test(arguments: ["never", "production"])
    func `B90: elsewhere one factor is enough`(rule: String) async throws {
        let (harness, answer) = try await enterRoot(rule)
        #expect(answer.texts("withheldRoles").isEmpty)
        let token = try answer.read(TokensSeen.self).accessToken
        #expect(try await harness.call(.get, "/api/v1/users", token: token).status == .ok)
        let factor = try await harness.turnOnFactor(token)
        let disabled = try await harness.call(
            .delete, ModuleHarness.totpPath, token: factor.accessToken)
        #expect(disabled.status == .noContent)
    }
}
