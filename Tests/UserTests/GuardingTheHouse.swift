import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import Storage
import Testing
import UserContract
import Web

@testable import User

@Suite(.serialized) struct `Failing from one client address` {
    /// So many failures at once that cost no hash: how fast those are is another matter.
    private func fail(
        _ count: Int, _ harness: ModuleHarness<UserModule>
    ) async throws -> [TestAnswer] {
        try await atOnce(count) { _ in
            try await harness.exchange(APIKeySecret(for: APIKeyID(UUID())).text)
        }
    }

    @Test func `B36: after so many a minute whatever can fail is refused`() async throws {
        // Time does not stand still here: of three a minute it gives one back in twenty seconds.
        let harness = try await ModuleHarness(
            UserModule.self, settings: .withoutFloor(and: ["user.failuresPerMinute": "3"]))
        _ = try await harness.register()
        let answers = try await fail(6, harness)
        #expect(answers.contains { $0.status == .unauthorized })
        for answer in [
            try await harness.logIn(), try await harness.register(),
            try await harness.exchange("flk"),
        ] {
            #expect(answer.status == .tooManyRequests)
            #expect(answer.code == "request.rate_limited")
            #expect(answer.headers[.retryAfter] != nil)
        }
    }

    @Test func `B41: of many at once each counts, and the next waits for longer`() async throws {
        let harness = try await ModuleHarness(
            UserModule.self, settings: .withoutFloor(and: ["user.failuresPerMinute": "20"]))
        let answers = try await fail(30, harness)
        let listenedCount = answers.count { $0.status == .unauthorized }
        #expect(listenedCount >= 20)
        let refused = try await harness.logIn()
        #expect(refused.status == .tooManyRequests)
        let wait = try #require(refused.headers[.retryAfter].flatMap { Int($0) })
        // Three seconds for each that was too many, and for the next one.
        #expect(wait > 3 * (listenedCount - 20) - 10)
    }

    @Test func `right passwords are not counted`() async throws {
        let harness = try await ModuleHarness(
            UserModule.self, settings: .withoutFloor(and: ["user.failuresPerMinute": "1"]))
        _ = try await harness.register()
        for _ in 1...5 { #expect(try await harness.logIn().status == .created) }
        #expect(try await fail(1, harness).map(\.status) == [.unauthorized])
        #expect(try await harness.logIn().status == .tooManyRequests)
        #expect(try await harness.published(UserLoggedIn.self).count == 5)
    }

    @Test func `B44: counts that are forgotten make room`() async throws {
        let harness = try await ModuleHarness(UserModule.self, settings: .withoutFloor)
        for name in "abcdefghij" { _ = try await harness.logIn("\(name)@example.org", "x") }
        #expect(try await harness.counts(of: "log-in").count == 10)
        harness.time.advance(by: .seconds(24 * 3_600 + 1))
        try await harness.failToLogIn(5)
        #expect(try await harness.counts(of: "log-in") == [5])
    }
}

@Suite struct `Taking client addresses together` {
    @Test(arguments: [
        ("192.0.2.1", "192.0.2.1"), ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::FFFF:192.0.2.1", "192.0.2.1"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:DB8:1:2::9", "2001:db8:1:2::"), ("2001:db8:1:2:ffff::", "2001:db8:1:2::"),
        ("2001:db8::1", "2001:db8::"), ("::1", "::"),
    ])
    func `B43: an IPv6 network is one, and a mapped address is what it maps`(
        address: String, network: String
    ) {
        #expect(ClientAddress.network(of: address) == network)
        #expect(Device(ipAddress: address, userAgent: nil).network == network)
    }

    @Test func `B43: neighbours are two`() {
        let networks = ["2001:db8:1:2::1", "2001:db8:1:3::1", "192.0.2.1", "192.0.2.2"]
            .map { ClientAddress.network(of: $0) }
        #expect(Set(networks).count == 4)
    }

    @Test func `B42: clients without an address are counted as one`() {
        let limit = RateLimit(.init(perSecond: 1, burst: 2))
        let start = ContinuousClock.now
        for _ in 1...2 { #expect(limit.wait(for: nil, at: start) == nil) }
        #expect(limit.wait(for: nil, at: start) != nil)
        #expect(limit.shortage(of: nil, at: start) != nil)
        #expect(limit.wait(for: "192.0.2.1", at: start) == nil)
        #expect(Device(ipAddress: nil, userAgent: nil).network == "unknown")
    }

    @Test func `B41: what was let through is owed, as much as a bucket holds`() {
        let limit = RateLimit(.init(perSecond: 1, burst: 3))
        let start = ContinuousClock.now
        for _ in 1...5 { limit.charge("192.0.2.1", at: start) }
        #expect(limit.shortage(of: "192.0.2.1", at: start) == .seconds(3))
        #expect(limit.shortage(of: "192.0.2.2", at: start) == nil)
        for _ in 1...5 { limit.charge("192.0.2.1", at: start) }
        #expect(limit.shortage(of: "192.0.2.1", at: start) == .seconds(4))
        #expect(limit.wait(for: "192.0.2.1", at: start + .seconds(3)) != nil)
        #expect(limit.wait(for: "192.0.2.1", at: start + .seconds(4)) == nil)
    }
}
