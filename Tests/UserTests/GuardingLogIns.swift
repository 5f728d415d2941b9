import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import Storage
import Testing
import UserContract
import Web

@testable import User

@Suite struct `Counting what may be tried` {
    private static let now = Date(timeIntervalSince1970: 1_767_268_800)

    @Test(
        arguments: [
            (1, 0), (4, 0), (5, 1), (6, 2), (7, 4), (8, 8), (14, 512), (15, 900), (16, 900),
            (1_000, 900),
        ] as [(Int, Double)])
    func `B37: after five the wait doubles from a second to a quarter of an hour`(
        count: Int, seconds: Double
    ) {
        var state: Throttle.State?
        for _ in 1...count { state = Throttle.logIn.counting(state, at: Self.now) }
        #expect(state?.count == count)
        #expect(state?.blockedUntil == (seconds > 0 ? Self.now + seconds : nil))
    }

    @Test(arguments: [(86_399.999, 5), (86_400.0, 1)])
    func `B37: a day without one begins anew`(pause: Double, count: Int) {
        var state: Throttle.State?
        for _ in 1...4 { state = Throttle.logIn.counting(state, at: Self.now) }
        #expect(Throttle.logIn.counting(state, at: Self.now + pause).count == count)
    }
}

@Suite(.serialized) struct `Trying wrong passwords` {
    private let boss = TestCaller(UserID(), permissions: ["users:manage"])

    private func harness(
        _ settings: [String: String] = [:]
    ) async throws -> ModuleHarness<UserModule> {
        try await ModuleHarness(UserModule.self, settings: .withoutFloor(and: settings))
    }

    @Test func `B37: the right one is refused during a wait, and taken after it`() async throws {
        let harness = try await harness()
        _ = try await harness.register()
        try await harness.failToLogIn(4)
        #expect(try await harness.logIn().status == .created)
        #expect(try await harness.counts(of: "log-in") == [])
        try await harness.failToLogIn(5)
        harness.time.advance(by: .milliseconds(999))
        #expect(try await harness.logIn(on: "laptop").status == .unauthorized)
        harness.time.advance(by: .milliseconds(1))
        #expect(try await harness.logIn(on: "laptop").status == .created)
        #expect(try await harness.counts(of: "log-in") == [])
    }

    @Test func `B37: each further one makes the next wait twice as long`() async throws {
        let harness = try await harness()
        _ = try await harness.register()
        try await harness.failToLogIn(5)
        for wait in [1, 2, 4] {
            harness.time.advance(by: .seconds(wait) - .milliseconds(1))
            #expect(try await harness.logIn().status == .unauthorized)
            harness.time.advance(by: .milliseconds(1))
            try await harness.failToLogIn(1)
        }
        #expect(try await harness.counts(of: "log-in") == [8])
        harness.time.advance(by: .seconds(8))
        #expect(try await harness.logIn().status == .created)
    }

    @Test func `B39: what is refused during a wait does not make it longer`() async throws {
        let harness = try await harness()
        _ = try await harness.register()
        try await harness.failToLogIn(25)
        #expect(try await harness.reasons() == ["wrong_password": 5, "throttled": 20])
        #expect(try await harness.counts(of: "log-in") == [5])
        harness.time.advance(by: .seconds(1))
        #expect(try await harness.logIn().status == .created)
    }

    @Test func `B38: a stranger does not hold up a device that the user has`() async throws {
        let harness = try await harness()
        _ = try await harness.register()
        #expect(try await harness.logIn(on: "phone").status == .created)
        try await harness.failToLogIn(6)
        #expect(try await harness.logIn(on: "laptop").status == .unauthorized)
        #expect(try await harness.logIn(on: "phone").status == .created)
        // It lets nobody else in.
        #expect(try await harness.logIn(on: "laptop").status == .unauthorized)
        try await harness.failToLogIn(5, on: "phone")
        #expect(try await harness.counts(of: "log-in") == [5, 5])
        #expect(try await harness.logIn(on: "phone").status == .unauthorized)
        harness.time.advance(by: .seconds(1))
        #expect(try await harness.logIn(on: "phone").status == .created)
        #expect(try await harness.logIn(on: "laptop").status == .created)
    }

    @Test func `B38: a device of another user is a stranger`() async throws {
        let harness = try await harness()
        _ = try await harness.register()
        _ = try await harness.register(["email": .string("eve@example.org")])
        #expect(try await harness.logIn("eve@example.org", on: "eve's").status == .created)
        try await harness.failToLogIn(5, on: "eve's")
        #expect(try await harness.logIn(on: "laptop").status == .unauthorized)
    }

    @Test func `B38: a reset by mail works meanwhile, and ends every wait`() async throws {
        let harness = try await harness()
        let user = try await harness.register().read(UserSeen.self)
        #expect(try await harness.logIn(on: "phone").status == .created)
        for device in ["burglar", "phone"] { try await harness.failToLogIn(6, on: device) }
        let token = try await harness.resetToken(of: user)
        let reset = try await harness.confirmReset(token, "another horse entirely")
        #expect(reset.status == .noContent)
        #expect(try await harness.counts(of: "log-in") == [])
        for device in ["phone", "laptop"] {
            let answer = try await harness.logIn(
                "ada@example.org", "another horse entirely", on: device)
            #expect(answer.status == .created)
        }
    }

    @Test func `B41: of many at once no more are looked at than one after the other`()
        async throws
    {
        let harness = try await harness()
        _ = try await harness.register()
        let few = try await atOnce(4) { _ in
            try await harness.logIn("ada@example.org", "a wrong password")
        }
        #expect(few.allSatisfy { $0.status == .unauthorized })
        #expect(try await harness.counts(of: "log-in") == [4])
        let many = try await atOnce(8) { _ in
            try await harness.logIn("ada@example.org", "a wrong password")
        }
        #expect(many.allSatisfy { $0.status == .unauthorized })
        #expect(try await harness.counts(of: "log-in") == [5])
        #expect(try await harness.reasons() == ["wrong_password": 5, "throttled": 7])
    }

    @Test func `B41: so it is for an address that nobody has`() async throws {
        let harness = try await harness()
        try await harness.failToLogIn(3, "nobody@example.org")
        _ = try await atOnce(9) { _ in try await harness.logIn("nobody@example.org", "x") }
        #expect(try await harness.counts(of: "log-in") == [5])
        #expect(try await harness.reasons() == ["unknown_user": 5, "throttled": 7])
    }

    @Test func `B46: an administrator ends the waits`() async throws {
        let harness = try await harness()
        let (user, tokens) = try await harness.join()
        try await harness.failToLogIn(6)
        let path = "/api/v1/users/\(user.id)/log-in-delays"
        #expect(try await harness.send(.delete, path, as: TestCaller(user.id)).status == .forbidden)
        #expect(
            try await harness.send(.delete, path, token: tokens.accessToken).status == .forbidden)
        #expect(try await harness.logIn(on: "laptop").status == .unauthorized)
        #expect(try await harness.send(.delete, path, as: boss).status == .noContent)
        #expect(try await harness.logIn(on: "laptop").status == .created)
        let missing = try await harness.send(
            .delete, "/api/v1/users/\(UserID())/log-in-delays", as: boss)
        #expect(missing.status == .notFound)
        #expect(missing.code == "user.not_found")
    }
}
