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

@Suite struct `Computing codes` {
    /// RFC 6238, appendix B, SHA-1, the last six of its eight digits.
    @Test(arguments: [
        (59.0, "287082"), (1_111_111_109, "081804"), (1_111_111_111, "050471"),
        (1_234_567_890, "005924"), (2_000_000_000, "279037"), (20_000_000_000, "353130"),
    ])
    func `B83: are those of RFC 6238`(time: Double, code: String) {
        let totp = TOTP(secret: Data("12345678901234567890".utf8))
        let now = Date(timeIntervalSince1970: time)
        #expect(totp.code(ofStep: TOTP.step(at: now)) == code)
        #expect(totp.step(of: code, at: now) == TOTP.step(at: now))
    }

    @Test func `B83: a secret has 160 bits and survives its text form`() throws {
        let totp = TOTP()
        #expect(totp.secret.count == 20)
        #expect(totp.secret != TOTP().secret)
        #expect(totp.base32.count == 32)
        #expect(try #require(TOTP(base32: totp.base32)).secret == totp.secret)
    }

    /// RFC 4648, section 10, without padding.
    @Test(arguments: [
        ("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foob", "MZXW6YQ"),
        ("fooba", "MZXW6YTB"), ("foobar", "MZXW6YTBOI"),
    ])
    func `B83: base 32 is that of RFC 4648`(text: String, encoded: String) {
        #expect(Base32.encode(Data(text.utf8)) == encoded)
        #expect(Base32.decode(encoded) == Data(text.utf8))
    }

    @Test(arguments: [
        "12345", "1234567", "", " 12345", "12345 ", "12345a", "-12345", "+12345", "1 2345",
        "\u{661}\u{662}\u{663}\u{664}\u{665}\u{666}", "１２３４５６", "12345\u{661}",
        "\u{661}\u{662}\u{663}", "12345\u{0}", "123456\u{301}",
    ])
    func `B85: takes exactly six ASCII digits`(text: String) {
        #expect(!TOTP.isCode(text))
        #expect(TOTP.isCode("012345"))
    }
}

@Suite(.serialized) struct `Adding a second factor` {
    @Test func `B86: shows the secret once, and where an app reads it`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (user, tokens) = try await harness.join()
        let answer = try await harness.call(
            .post, ModuleHarness.totpPath, token: tokens.accessToken)
        let secret = try #require(answer[member: "secret"])
        #expect(answer.status == .created)
        #expect(answer.headers[.cacheControl] == "no-store")
        #expect(
            answer[member: "otpauthUri"]
                == "otpauth://totp/Flotilla:ada%40example.org?secret=\(secret)&issuer=Flotilla"
                + "&algorithm=SHA1&digits=6&period=30")
        let totp = try #require(TOTP(base32: secret))
        let confirmed = try await harness.call(
            .post, ModuleHarness.totpPath + "/confirm",
            ["code": totp.code(ofStep: TOTP.step(at: harness.time.now))],
            token: tokens.accessToken)
        #expect(confirmed.status == .ok)
        #expect(!confirmed.text.contains(secret))
        let export = try await harness.call(
            .get, "/api/v1/users/me/export", token: tokens.accessToken)
        #expect(!export.text.contains(secret))
        #expect(try await !(harness.textOfTables() + harness.textOfEvents()).tells(secret))
        let events = try await harness.published(MfaStatusChanged.self)
        #expect(events.map(\.userID) == [user.id])
        #expect(events.map(\.enabled) == [true])
        #expect(events.map(\.method) == ["totp"])
        let token: String = try #require(confirmed[member: "accessToken"])
        let again = try await harness.call(.post, ModuleHarness.totpPath, token: token)
        #expect(again.code == "mfa.enabled")
    }

    @Test func `B83: is not on before a code of it was shown`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (_, tokens) = try await harness.join()
        let first = try await harness.enrol(tokens.accessToken)
        let second = try await harness.enrol(tokens.accessToken)
        #expect(try await harness.logIn().status == .created)
        let step = TOTP.step(at: harness.time.now)
        func confirm(_ code: String) async throws -> TestAnswer {
            try await harness.call(
                .post, ModuleHarness.totpPath + "/confirm", ["code": code],
                token: tokens.accessToken)
        }
        let stale = try await confirm(first.code(ofStep: step))
        #expect(stale.status == .unauthorized)
        #expect(stale.code == "auth.wrong_code")
        #expect(try await harness.published(MfaStatusChanged.self).isEmpty)
        #expect(try await harness.logIn().status == .created)
        #expect(try await confirm(second.code(ofStep: step)).status == .ok)
        #expect(try await harness.logIn().code == "auth.mfa_required")
    }

    @Test func `B83: nothing is confirmed that was not enrolled`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (_, tokens) = try await harness.join()
        let answer = try await harness.call(
            .post, ModuleHarness.totpPath + "/confirm", ["code": "123456"],
            token: tokens.accessToken)
        #expect(answer.status == .conflict)
        #expect(answer.code == "mfa.not_enrolled")
    }

    @Test(
        arguments: [
            (-2, false), (-1, true), (0, true), (1, true), (2, false),
        ] as [(Int64, Bool)])
    func `B83: a clock may be wrong by one step`(offset: Int64, isRight: Bool) async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (_, _, factor) = try await harness.joinWithFactor()
        harness.time.advance(by: .seconds(600))
        let answer = try await harness.logIn(
            totp: factor.code(at: harness.time.now, offset: offset))
        #expect(answer.status == (isRight ? .created : .unauthorized))
        if !isRight { #expect(answer.code == "auth.wrong_code") }
    }

    @Test func `B86: a secret that is moved to another user does not open`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (ada, _, factor) = try await harness.joinWithFactor()
        let (eve, tokens) = try await harness.enter("eve@example.org")
        _ = try await harness.turnOnFactor(tokens.accessToken)
        harness.time.advance(by: .seconds(30))
        try await harness.database.write { transaction in
            try transaction.execute(
                """
                UPDATE totp_factors SET sealed_secret = (
                    SELECT sealed_secret FROM totp_factors WHERE user_id = \(ada.id))
                WHERE user_id = \(eve.id)
                """)
        }
        let code = factor.code(at: harness.time.now)
        let moved = try await harness.logIn("eve@example.org", totp: code)
        #expect(moved.status == .internalServerError)
        #expect(try await harness.logIn(totp: code).status == .created)
    }

    @Test func `B86: a secret is sealed anew under a new first key when it is used`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let user = try await harness.register().read(UserSeen.self).id
        let (old, new) = (SealingKeys.generate(), SealingKeys.generate())
        func codes(_ keys: String) throws -> FactorCodes {
            FactorCodes(secrets: AccountSecrets(try SealingKeys(keys)))
        }
        let (totp, start) = (TOTP(), harness.time.now)
        let step = TOTP.step(at: start)
        func take(_ offset: Int64, _ codes: FactorCodes) async throws -> Bool {
            try await harness.database.write { transaction in
                try codes.take(
                    .totp(totp.code(ofStep: step + offset)), of: user,
                    at: start + Double(offset) * TOTP.stepSeconds, in: transaction)
            }
        }
        let sealed = try codes(old).secrets.seal(totp, of: user)
        let isProposed = try await harness.database.write { transaction in
            try FactorStore().propose(sealed, of: user, in: transaction)
        }
        #expect(isProposed)
        #expect(try await take(0, codes(old)))
        #expect(try await take(1, codes("\(new),\(old)")))
        #expect(try await take(2, codes(new)))
        await #expect(throws: SealingKeysError.unreadable) { try await take(3, codes(old)) }
    }
}
