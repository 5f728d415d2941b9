import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import Storage
import Testing
import UserContract
import Web

@testable import User

@Suite(.serialized) struct `Confirming with a code` {
    @Test func `B88: a right password alone opens no session`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (user, _, factor) = try await harness.joinWithFactor()
        let openedCount = try await harness.published(UserLoggedIn.self).count
        let sessions: SQL = "SELECT COUNT(*) AS n FROM sessions"
        let count = try await harness.count(sessions)
        let answer = try await harness.logIn()
        #expect(answer.status == .unauthorized)
        #expect(answer.code == "auth.mfa_required")
        #expect(answer[member: "accessToken"] == nil)
        #expect(answer[member: "refreshToken"] == nil)
        let token = try #require(answer[member: "mfaToken"])
        #expect(try await harness.count(sessions) == count)
        #expect(try await harness.published(UserLoggedIn.self).count == openedCount)
        #expect(try await !harness.textOfTables().tells(token))
        let wrong = try await harness.logIn("ada@example.org", "wrong horse")
        #expect(wrong.code == "auth.wrong_credentials")
        let opened = try await harness.complete(
            token, totp: factor.code(at: harness.time.now))
        #expect(opened.status == .created)
        let event = try await harness.published(UserLoggedIn.self).last
        #expect(event?.userID == user.id)
        #expect(event?.method == "totp")
    }

    @Test(arguments: [(299, true), (300, false)])
    func `B88: what the password gives ends after five minutes`(
        age: Int, isGood: Bool
    ) async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (_, _, factor) = try await harness.joinWithFactor()
        let token = try await harness.mfaToken()
        harness.time.advance(by: .seconds(age))
        let answer = try await harness.complete(token, totp: factor.code(at: harness.time.now))
        #expect(answer.status == (isGood ? .created : .badRequest))
    }

    @Test func `B88: what the password gives is spent by use, and not by a wrong code`()
        async throws
    {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (_, _, factor) = try await harness.joinWithFactor()
        let token = try await harness.mfaToken()
        #expect(try await harness.complete(token, totp: "000000").code == "auth.wrong_code")
        let opened = try await harness.complete(
            token, totp: factor.code(at: harness.time.now))
        #expect(opened.status == .created)
        harness.time.advance(by: .seconds(30))
        let again = try await harness.complete(token, totp: factor.code(at: harness.time.now))
        #expect(again.code == "auth.token_invalid")
        let failed = try await harness.published(UserLoginFailed.self)
        #expect(failed.map(\.reason) == ["wrong_code"])
    }

    @Test func `B84: the code that turned the factor on opens nothing`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (_, tokens) = try await harness.join()
        let factor = try await harness.turnOnFactor(tokens.accessToken)
        let code = factor.code(at: harness.time.now)
        #expect(try await harness.logIn(totp: code).code == "auth.wrong_code")
        #expect(
            try await harness.complete(harness.mfaToken(), totp: code).code == "auth.wrong_code")
    }

    @Test func `B84: a code works once, and none before it`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (_, _, factor) = try await harness.joinWithFactor()
        harness.time.advance(by: .seconds(60))
        let (last, present) = (
            factor.code(at: harness.time.now, offset: -1), factor.code(at: harness.time.now)
        )
        #expect(try await harness.logIn(totp: present).status == .created)
        for code in [present, last] {
            #expect(try await harness.logIn(totp: code).code == "auth.wrong_code")
        }
        harness.time.advance(by: .seconds(30))
        #expect(try await harness.logIn(totp: present).code == "auth.wrong_code")
        let next = factor.code(at: harness.time.now)
        #expect(try await harness.logIn(totp: next).status == .created)
    }

    @Test(arguments: [true, false])
    func `B84: of several that send one code at once, one gets in`(
        withPassword: Bool
    ) async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (_, _, factor) = try await harness.joinWithFactor()
        var tokens: [String] = []
        for _ in 1...4 { tokens.append(try await harness.mfaToken()) }
        let (mfaTokens, code) = (tokens, factor.code(at: harness.time.now))
        let answers = try await atOnce(4) { index in
            withPassword
                ? try await harness.logIn(totp: code)
                : try await harness.complete(mfaTokens[index], totp: code)
        }
        #expect(answers.count { $0.status == .created } == 1)
        #expect(answers.count { $0.code == "auth.wrong_code" } == 3)
    }

    @Test func `B85: five wrong ones close every way for a quarter of an hour`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (_, _, factor) = try await harness.joinWithFactor()
        func stepUp(_ totp: String, _ token: String) async throws -> TestAnswer {
            try await harness.call(
                .post, "/api/v1/sessions/step-up",
                ["currentPassword": Form.password, "totp": totp], token: token)
        }
        func tryAll(_ code: String) async throws -> [TestAnswer] {
            [
                try await harness.logIn(totp: code),
                try await harness.complete(harness.mfaToken(), totp: code),
                try await stepUp(code, factor.accessToken),
            ]
        }
        let wrong = try await tryAll("000000") + tryAll("999999").prefix(2)
        #expect(wrong.allSatisfy { $0.code == "auth.wrong_code" })
        let blocked = try await tryAll(factor.code(at: harness.time.now))
        #expect(blocked.allSatisfy { $0.status == .unauthorized && $0.code == "auth.wrong_code" })
        let recovered = try await harness.complete(
            harness.mfaToken(), recoveryCode: factor.recoveryCodes[0])
        #expect(recovered.code == "auth.wrong_code")
        harness.time.advance(by: .seconds(899))
        #expect(
            try await harness.logIn(totp: factor.code(at: harness.time.now)).status
                == .unauthorized)
        harness.time.advance(by: .seconds(1))
        let code = factor.code(at: harness.time.now)
        #expect(try await harness.logIn(totp: code).status == .created)
        let next = try await harness.complete(
            harness.mfaToken(), recoveryCode: factor.recoveryCodes[0])
        #expect(next.status == .created)
    }

    @Test(arguments: Disguise.allCases)
    func `B85: only exactly six ASCII digits are a code`(disguise: Disguise) async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (_, _, factor) = try await harness.joinWithFactor()
        let code = factor.code(at: harness.time.now)
        let disguised = try await harness.logIn(totp: disguise.disguise(code))
        #expect(disguised.status == .unauthorized || disguised.status == .unprocessableContent)
        #expect(try await harness.logIn(totp: code).status == .created)
    }

    @Test func `B40: a right password does not clear the count of wrong codes`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (_, _, factor) = try await harness.joinWithFactor()
        for _ in 1...5 {
            #expect(try await harness.logIn().code == "auth.mfa_required")
            #expect(try await harness.logIn(totp: "000000").code == "auth.wrong_code")
        }
        let answer = try await harness.logIn(totp: factor.code(at: harness.time.now))
        #expect(answer.code == "auth.wrong_code")
        #expect(try await harness.logIn().code == "auth.mfa_required")
    }
}

/// What a lenient reader would take for the same code.
enum Disguise: CaseIterable, Sendable {
    case longer, shorter, blankBefore, blankAfter, blankWithin, arabicIndic, fullWidth

    func disguise(_ code: String) -> String {
        switch self {
        case .longer: code + "0"
        case .shorter: String(code.dropLast())
        case .blankBefore: " " + code
        case .blankAfter: code + " "
        case .blankWithin: code.prefix(3) + " " + code.suffix(3)
        case .arabicIndic: Self.digits(of: code, from: 0x660)
        case .fullWidth: Self.digits(of: code, from: 0xFF10)
        }
    }

    private static func digits(of code: String, from zero: UInt32) -> String {
        code.unicodeScalars.reduce(into: "") { text, digit in
            Unicode.Scalar(zero + digit.value - 0x30).map { text.unicodeScalars.append($0) }
        }
    }
}

@Suite(.serialized) struct `Confirming with a recovery code` {
    @Test func `B87: there are ten of 125 bits, and only their hashes are stored`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (_, _, factor) = try await harness.joinWithFactor()
        #expect(Set(factor.recoveryCodes).count == 10)
        let text = try await harness.textOfTables() + harness.textOfEvents()
        for code in factor.recoveryCodes {
            #expect(code.wholeMatch(of: /([A-Z2-7]{5}-){4}[A-Z2-7]{5}/) != nil)
            #expect(!text.tells(code))
            #expect(!text.tells(code.replacing("-", with: "")))
        }
    }

    @Test func `B87: each works once, also of several at a time`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (_, _, factor) = try await harness.joinWithFactor()
        let code = factor.recoveryCodes[3]
        var tokens: [String] = []
        for _ in 1...4 { tokens.append(try await harness.mfaToken()) }
        let mfaTokens = tokens
        let answers = try await atOnce(4) {
            try await harness.complete(mfaTokens[$0], recoveryCode: code)
        }
        #expect(answers.count { $0.status == .created } == 1)
        #expect(answers.count { $0.code == "auth.wrong_code" } == 3)
        #expect(try await harness.published(UserLoggedIn.self).last?.method == "recovery_code")
        #expect(try await harness.count("SELECT COUNT(*) AS n FROM recovery_codes") == 9)
        let typed = factor.recoveryCodes[4].lowercased().replacing("-", with: " ")
        let next = try await harness.complete(harness.mfaToken(), recoveryCode: typed)
        #expect(next.status == .created)
    }

    @Test func `B87: new ones make the old ones worthless`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (_, _, factor) = try await harness.joinWithFactor()
        let answer = try await harness.call(
            .post, ModuleHarness.codesPath, token: factor.accessToken)
        #expect(answer.status == .ok)
        let codes = answer.texts("recoveryCodes")
        #expect(Set(codes).union(factor.recoveryCodes).count == 20)
        let old = try await harness.complete(
            harness.mfaToken(), recoveryCode: factor.recoveryCodes[0])
        #expect(old.code == "auth.wrong_code")
        let new = try await harness.complete(harness.mfaToken(), recoveryCode: codes[0])
        #expect(new.status == .created)
        #expect(try await harness.count("SELECT COUNT(*) AS n FROM recovery_codes") == 9)
    }

    @Test func `B87: somebody else's is wrong`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (_, _, factor) = try await harness.joinWithFactor()
        let (_, tokens) = try await harness.enter("eve@example.org")
        _ = try await harness.turnOnFactor(tokens.accessToken)
        let answer = try await harness.complete(
            harness.mfaToken("eve@example.org"), recoveryCode: factor.recoveryCodes[0])
        #expect(answer.code == "auth.wrong_code")
    }
}
