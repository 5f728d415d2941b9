import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import Storage
import Testing
import UserContract
import Web

@testable import User

@Suite(.serialized) struct `Ending sessions` {
    private let boss = TestCaller(UserID(), roles: ["admin"], permissions: [])
    private let clerk = TestCaller(UserID(), permissions: ["users:manage"])

    private func sessionID(
        _ tokens: TokensSeen, _ harness: ModuleHarness<UserModule>
    ) throws -> String {
        try harness.claims(of: tokens.accessToken).sid
    }

    /// Of each, whether its access token is taken, and then whether its refresh token is.
    private func livings(
        _ harness: ModuleHarness<UserModule>, _ tokens: [TokensSeen]
    ) async throws -> [Bool] {
        var livings: [Bool] = []
        for tokens in tokens {
            let shown = try await harness.send(
                .get, "/api/v1/users/me", token: tokens.accessToken)
            let refreshed = try await harness.refresh(tokens.refreshToken)
            #expect((shown.status == .ok) == (refreshed.status == .ok))
            livings.append(refreshed.status == .ok)
        }
        return livings
    }

    @Test(arguments: [("others", [true, false, false]), ("all", [false, false, false])])
    func `B68: the caller ends the others or all, and nobody else's`(
        which: String, expected: [Bool]
    ) async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (user, first) = try await harness.join()
        let more = [
            try await harness.logIn().read(TokensSeen.self),
            try await harness.logIn().read(TokensSeen.self),
        ]
        let (_, eve) = try await harness.enter("eve@example.org")
        let answer = try await harness.send(
            .delete, "/api/v1/sessions/\(which)", token: first.accessToken)
        #expect(answer.status == .noContent)
        #expect(try await livings(harness, [first] + more) == expected)
        #expect(try await livings(harness, [eve]) == [true])
        let events = try await harness.published(UserSessionsEnded.self)
        #expect(events.map(\.userID) == [user.id])
        #expect(events.map(\.reason) == ["log_out"])
        #expect(events.map(\.sessionIDs.count) == [expected.filter { !$0 }.count])
    }

    @Test func `B68: without others nothing is told`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (_, tokens) = try await harness.join()
        let answer = try await harness.send(
            .delete, "/api/v1/sessions/others", token: tokens.accessToken)
        #expect(answer.status == .noContent)
        #expect(try await harness.published(UserSessionsEnded.self).isEmpty)
    }

    @Test func `B69: an administrator ends one of a user's, or all`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (user, first) = try await harness.join()
        let second = try await harness.logIn().read(TokensSeen.self)
        let third = try await harness.logIn().read(TokensSeen.self)
        let (_, eve) = try await harness.enter("eve@example.org")
        let path = "/api/v1/users/\(user.id)/sessions"
        let one = try await harness.send(
            .delete, path + "/" + sessionID(second, harness), as: clerk)
        #expect(one.status == .noContent)
        #expect(try await livings(harness, [second]) == [false])
        #expect(try await harness.send(.delete, path, as: boss).status == .noContent)
        #expect(try await livings(harness, [first, third]) == [false, false])
        #expect(try await livings(harness, [eve]) == [true])
        let events = try await harness.published(UserSessionsEnded.self)
        #expect(events.map(\.reason) == ["administrator", "administrator"])
        #expect(events.map(\.userID) == [user.id, user.id])
        #expect(events.map(\.sessionIDs.count) == [1, 2])
        // They may log in again.
        #expect(try await harness.logIn().status == .created)
    }

    @Test func `B69: what is not there, or another's, is not found`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (user, tokens) = try await harness.join()
        let (eve, eves) = try await harness.enter("eve@example.org")
        let path = "/api/v1/users/\(eve.id)/sessions/"
        for id in [try sessionID(tokens, harness), UUID().uuidString.lowercased()] {
            let answer = try await harness.send(.delete, path + id, as: clerk)
            #expect(answer.status == .notFound)
            #expect(answer.code == "session.not_found")
        }
        let nobody = "/api/v1/users/\(UserID())/sessions"
        for path in [nobody, nobody + "/" + (try sessionID(eves, harness))] {
            #expect(try await harness.send(.delete, path, as: clerk).code == "user.not_found")
        }
        for path in [path + (try sessionID(eves, harness)), "/api/v1/users/\(eve.id)/sessions"] {
            let refused = try await harness.send(.delete, path, as: TestCaller(user.id))
            #expect(refused.status == .forbidden)
        }
        #expect(try await livings(harness, [tokens, eves]) == [true, true])
        #expect(try await harness.published(UserSessionsEnded.self).isEmpty)
    }

    @Test func `B67: a role that is given holds from the next refresh on`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (user, tokens) = try await harness.join()
        let path = "/api/v1/users/\(user.id)/roles/support"
        #expect(try await harness.send(.put, path, as: boss).status == .noContent)
        let list = "/api/v1/users"
        #expect(try await harness.send(.get, list, token: tokens.accessToken).status == .forbidden)
        let next = try await harness.refresh(tokens.refreshToken).read(TokensSeen.self)
        #expect(try await harness.send(.get, list, token: next.accessToken).status == .ok)
        #expect(try await harness.published(UserSessionsEnded.self).isEmpty)
    }

    @Test func `B67: a role that is taken ends the sessions that had it, at once`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (user, _) = try await harness.join()
        let path = "/api/v1/users/\(user.id)/roles/support"
        _ = try await harness.send(.put, path, as: boss)
        let tokens = try await harness.logIn().read(TokensSeen.self)
        let list = "/api/v1/users"
        #expect(try await harness.send(.get, list, token: tokens.accessToken).status == .ok)
        #expect(try await harness.send(.delete, path, as: boss).status == .noContent)
        let refused = try await harness.send(.get, list, token: tokens.accessToken)
        #expect(refused.status == .unauthorized)
        #expect(try await livings(harness, [tokens]) == [false])
        let events = try await harness.published(UserSessionsEnded.self)
        #expect(events.map(\.reason) == ["role_revoked"])
        #expect(events.map(\.sessionIDs.count) == [2])
        let again = try await harness.logIn().read(TokensSeen.self)
        #expect(try await harness.send(.get, list, token: again.accessToken).status == .forbidden)
        #expect(try await livings(harness, [again]) == [true])
    }
}

@Suite(.serialized) struct `Clearing away` {
    @Test func `B72: sessions that are over make room for new ones`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let first = try await harness.join().tokens
        _ = try await harness.refresh(first.refreshToken)
        for _ in 2...6 { _ = try await harness.logIn() }
        harness.time.advance(by: .seconds(31 * 24 * 3_600))
        for _ in 1...3 { _ = try await harness.logIn() }
        #expect(try await harness.count("SELECT COUNT(*) AS n FROM sessions") == 3)
        #expect(try await harness.count("SELECT COUNT(*) AS n FROM refresh_tokens") == 3)
        #expect(try await harness.logIn().status == .created)
    }

    @Test func `B72: sessions that go on stay`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        let (_, tokens) = try await harness.join()
        _ = try await harness.enter("eve@example.org")
        harness.time.advance(by: .seconds(6 * 24 * 3_600))
        _ = try await harness.logIn()
        #expect(try await harness.count("SELECT COUNT(*) AS n FROM sessions") == 3)
        #expect(try await harness.refresh(tokens.refreshToken).status == .ok)
    }

    @Test func `B72: tokens of mails that came too late make room for new ones`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        for number in 1...6 {
            _ = try await harness.register(["email": .string("u\(number)@example.org")])
        }
        #expect(try await harness.count("SELECT COUNT(*) AS n FROM one_time_tokens") == 6)
        harness.time.advance(by: .seconds(24 * 3_600 + 1))
        for number in 1...3 {
            #expect(try await harness.requestReset("u\(number)@example.org").status == .accepted)
        }
        let left = try await harness.count(
            "SELECT COUNT(*) AS n FROM one_time_tokens WHERE purpose = 'email_verification'")
        #expect(left == 0)
        #expect(try await harness.count("SELECT COUNT(*) AS n FROM one_time_tokens") == 3)
    }
}
