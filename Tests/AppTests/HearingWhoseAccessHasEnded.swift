import EventBus
import Events
import FlotillaTesting
import Foundation
import Platform
import Settings
import Storage
import Testing
import UserContract
import Web

@testable import flotilla

@Suite(.serialized) struct `Hearing whose access has ended` {
    private let user = UserID()
    private let administrator = UserID()

    private func principal(_ session: String) -> Principal {
        Principal(
            userID: user, sessionID: session, roles: [], permissions: [],
            authenticatedAt: Date(timeIntervalSince1970: 0))
    }

    /// What User publishes of a suspension, which a slow module may hear when it was long lifted.
    private func publishSuspension(
        of session: String, to harness: ModuleHarness<GateModule>
    ) async throws {
        try await harness.publish(
            UserAccountStatusChanged(
                userID: user, oldStatus: "active", newStatus: UserAccountStatusChanged.suspended,
                reason: "a complaint", changedBy: administrator, changedAt: harness.time.now))
        try await harness.publish(
            UserSessionsEnded(
                userID: user, sessionIDs: [session], reason: "suspended",
                endedAt: harness.time.now))
        try await harness.settle()
    }

    @Test func `B64: a late word of a suspension ends no session that began after it`()
        async throws
    {
        let harness = try await ModuleHarness(GateModule.self)
        try await publishSuspension(of: "before", to: harness)
        #expect(harness.module.access.includes(principal("before")))
        #expect(!harness.module.access.includes(principal("after")))
    }

    @Test func `tells the other processes of a module, and those that start later`() async throws {
        let harness = try await ModuleHarness(GateModule.self)
        let late = EndedAccessFeed(
            access: EndedAccess(), database: harness.database, now: { harness.time.now })
        await late.look()
        try await publishSuspension(of: "before", to: harness)
        #expect(!late.access.includes(principal("before")), "not yet")
        await late.look()
        #expect(late.access.includes(principal("before")))
        #expect(!late.access.includes(principal("after")))

        try await harness.publish(
            UserDeleted(userID: user, deletedAt: harness.time.now))
        try await harness.settle()
        await late.look()
        #expect(late.access.includes(principal("after")))
    }

    @Test func `heeds no end that an earlier version knew as lifted`() async throws {
        let harness = try await ModuleHarness(GateModule.self)
        let other = UserID()
        try await harness.database.write { [user, now = harness.time.now] transaction in
            for (id, hasEnded) in [(user, false), (other, true)] {
                try transaction.execute(
                    """
                    INSERT INTO ended_access (kind, subject, has_ended, changed_at)
                    VALUES ('user', \(id.description), \(hasEnded), \(now))
                    """)
            }
        }
        let feed = EndedAccessFeed(
            access: EndedAccess(), database: harness.database, now: { harness.time.now })
        await feed.look()
        #expect(!feed.access.includes(principal("s")))
        #expect(
            feed.access.includes(
                Principal(userID: other, sessionID: "s", roles: [], permissions: [])))
    }
}

/// A module that does nothing but answer callers.
private struct GateModule: Module {
    static let name = "gate"
    static let migrations = [EndedAccessFeed.migrations]

    let access: EndedAccess
    private let now: @Sendable () -> Date

    init(settings: Settings, platform: Platform) {
        access = platform.endedAccess
        now = platform.now
    }

    var subscriptions: [Subscription] {
        [EndedAccessFeed.subscription(of: Self.name, access: access, now: now)]
    }
}
