import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import Storage
import Testing
import UserContract
import Web

@testable import User

@Suite(.serialized) struct `Counting codes apart` {
    private func wrongCode(_ factor: FactorHeld, at now: Date) -> String {
        let right = [-1, 0, 1].map { factor.code(at: now, offset: $0) }
        return ["000000", "111111", "222222", "333333"].first { !right.contains($0) } ?? ""
    }

    @Test func `B40: wrong codes are counted, whatever the password does`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (_, _, factor) = try await harness.joinWithFactor()
        let wrong = wrongCode(factor, at: harness.time.now)
        for _ in 1...3 { _ = try await harness.logIn("ada@example.org", "a wrong password") }
        #expect(try await harness.counts(of: "log-in") == [3])
        for count in 1...5 {
            let answer = try await harness.logIn(totp: wrong)
            #expect(answer.status == .unauthorized)
            #expect(answer.code == "auth.wrong_code")
            // The password was right: nothing of it is counted, and the codes stay counted.
            #expect(try await harness.counts(of: "log-in") == [])
            #expect(try await harness.counts(of: "code") == [count])
            #expect(try await harness.logIn().code == "auth.mfa_required")
        }
        let right = factor.code(at: harness.time.now)
        #expect(try await harness.logIn(totp: right).code == "auth.wrong_code")
        #expect(try await harness.counts(of: "code") == [5])
        #expect(
            try await harness.reasons() == ["wrong_password": 3, "wrong_code": 6])
        harness.time.advance(by: .seconds(900))
        let later = factor.code(at: harness.time.now)
        #expect(try await harness.logIn(totp: later).status == .created)
        #expect(try await harness.counts(of: "code") == [])
    }

    @Test func `B40: a code with a wrong password is neither taken nor counted`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (_, _, factor) = try await harness.joinWithFactor()
        let code = factor.code(at: harness.time.now)
        let answer = try await harness.logIn("ada@example.org", "a wrong password", totp: code)
        #expect(answer.code == "auth.wrong_credentials")
        #expect(try await harness.counts(of: "code") == [])
        #expect(try await harness.logIn(totp: code).status == .created)
    }

    @Test func `B46: an administrator ends the wait for codes too`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (user, _, factor) = try await harness.joinWithFactor()
        let wrong = wrongCode(factor, at: harness.time.now)
        for _ in 1...5 { _ = try await harness.logIn(totp: wrong) }
        let ended = try await harness.send(
            .delete, "/api/v1/users/\(user.id)/log-in-delays", as: TestCaller(roles: ["admin"]))
        #expect(ended.status == .noContent)
        let code = factor.code(at: harness.time.now)
        #expect(try await harness.logIn(totp: code).status == .created)
    }

    @Test func `B36: somebody's own password can't be guessed either`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (_, tokens) = try await harness.join()
        let change = { (current: String) in
            try await harness.call(
                .post, "/api/v1/users/me/password",
                ["currentPassword": current, "newPassword": "another horse entirely"],
                token: tokens.accessToken)
        }
        for _ in 1...5 { #expect(try await change("wrong horse").status == .forbidden) }
        let refused = try await change(Form.password)
        #expect(refused.status == .tooManyRequests)
        #expect(refused.headers[.retryAfter] == "1")
        #expect(try await harness.counts(of: "reauthentication") == [5])
        // Nobody who has a token alone keeps the user from logging in.
        #expect(try await harness.counts(of: "log-in") == [])
        harness.time.advance(by: .seconds(1))
        #expect(try await change(Form.password).status == .noContent)
    }
}

@Suite(.serialized) struct `Knowing devices` {
    @Test func `B45: another device than the first ones is a new one, once`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        _ = try await harness.register()
        _ = try await harness.register(["email": .string("eve@example.org")])
        for agent in ["phone", "phone", "laptop", "laptop", "phone"] {
            _ = try await harness.logIn(on: agent)
        }
        _ = try await harness.logIn("eve@example.org", on: "tablet")
        let events = try await harness.published(UserLoggedIn.self)
        #expect(events.map(\.isNewDevice) == [false, false, true, false, false, false])
    }

    @Test func `B45: a device that was away for half a year is new`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        _ = try await harness.register()
        _ = try await harness.logIn(on: "phone")
        harness.time.advance(by: .seconds(181 * 24 * 3_600))
        try await harness.failToLogIn(5)
        #expect(try await harness.logIn(on: "phone").status == .unauthorized)
        harness.time.advance(by: .seconds(1))
        #expect(try await harness.logIn(on: "phone").status == .created)
        #expect(
            try await harness.published(UserLoggedIn.self).map(\.isNewDevice) == [false, true])
    }

    @Test func `B44: fifty are known of a user, the ones seen last`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let user = try await harness.register().read(UserSeen.self)
        for number in 1...55 {
            let print = DevicePrint(network: "here", agent: "\(number)")
            let now = harness.time.now
            _ = try await harness.database.write {
                try DeviceStore().remember(print, of: user.id, at: now, in: $0)
            }
            harness.time.advance(by: .seconds(1))
        }
        let agents = try await harness.database.read { transaction in
            try transaction.rows("SELECT agent FROM known_devices")
                .map { try $0.get("agent", as: String.self) }
        }
        #expect(Set(agents) == Set((6...55).map(String.init)))
    }

    @Test func `names neither networks nor programs in its table`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        _ = try await harness.register()
        _ = try await harness.logIn(on: "a rare program")
        let rows = try await harness.database.read { transaction in
            try transaction.rows("SELECT network, agent FROM known_devices").map {
                [try $0.get("network", as: String.self), try $0.get("agent", as: String.self)]
            }
        }
        #expect(rows.count == 1)
        #expect(rows.joined().allSatisfy { $0.wholeMatch(of: /[0-9a-f]{64}/) != nil })
    }
}
