import Events
import FlotillaTesting
import Foundation
import Testing
import UserContract

@testable import Notification

@Suite(.serialized) struct `Telling a user of access to their account` {
    private let user = UserID()

    @Test func `sends the link that sets a new password to the address of the event`() async throws
    {
        let office = try await PostOffice()
        try await office.register(user)
        let mail = try #require(
            try await office.mailed(
                UserPasswordResetRequested(
                    userID: user, email: "stored@example.org",
                    sealedToken: try office.seal("a-token", for: .passwordReset, of: user),
                    expiresAt: TestTime().now.addingTimeInterval(1_800))))
        #expect(mail.toAddress == "stored@example.org")
        #expect(mail.links == ["https://shop.example/account/reset-password#token=a-token"])
        #expect(mail.body.contains("until 2026-01-01 12:30:00 UTC"))
        #expect(mail.body.contains("Nothing changes"))
        #expect(try await office.kinds(of: user) == ["password_reset"])
    }

    @Test(arguments: [(true, "on"), (false, "off")])
    func `B82: tells of a change of the second factor`(isOn: Bool, word: String) async throws {
        let mail = try await notice(
            MfaStatusChanged(
                userID: user, enabled: isOn, method: "totp", changedAt: TestTime().now),
            "mfa_changed")
        #expect(mail.subject == "Two-step log-in at Flotilla is \(word)")
        #expect(mail.body.contains("was turned \(word)"))
    }

    @Test func `B82: tells of a new password`() async throws {
        let mail = try await notice(
            UserPasswordChanged(userID: user, ipAddress: nil, changedAt: TestTime().now),
            "password_changed")
        #expect(mail.body.contains("2026-01-01 12:00:00 UTC"))
    }

    @Test func `tells of a new device, where and when, and what to do`() async throws {
        let mail = try await notice(login(isNewDevice: true), "new_device")
        #expect(mail.body.contains("Time: 2026-01-01 12:00:00 UTC\n"))
        #expect(mail.body.contains("Program: Firefox/130.0 (X11)\n"))
        #expect(mail.body.contains("Network address: 2001:db8::1\n"))
        #expect(mail.body.contains("change your password"))
        #expect(mail.body.contains("end all sessions"))
    }

    @Test func `says so where agent and address are unknown`() async throws {
        let mail = try await notice(
            UserLoggedIn(
                userID: user, sessionID: "session-1", ipAddress: nil, userAgent: nil,
                method: "password", loggedInAt: TestTime().now, isNewDevice: true), "new_device")
        #expect(mail.body.contains("Program: unknown\nNetwork address: unknown\n"))
    }

    @Test(arguments: [nil, false, true])
    func `B82: tells of a used recovery code in one mail`(isNewDevice: Bool?) async throws {
        let mail = try await notice(
            login(by: "recovery_code", isNewDevice: isNewDevice), "recovery_code_used")
        #expect(mail.body.contains("with a recovery code"))
        #expect(mail.body.contains("from a device") == (isNewDevice == true))
    }

    @Test func `is silent about a log-in as usual`() async throws {
        let office = try await PostOffice()
        try await office.register(user)
        for method in ["password", "totp"] {
            #expect(try await office.mailed(login(by: method, isNewDevice: nil)) == nil)
            #expect(try await office.mailed(login(by: method, isNewDevice: false)) == nil)
        }
        #expect(try await office.notices(of: user).items.count == 1)
    }

    @Test func `tells of a suspension and why`() async throws {
        let mail = try await notice(
            status(from: "active", to: "suspended", because: "chargebacks"), "account_suspended")
        #expect(mail.body.contains("The reason given: chargebacks\n"))
    }

    @Test func `tells of the end of a suspension`() async throws {
        _ = try await notice(
            status(from: "suspended", to: "active", because: "cleared"), "account_reactivated")
    }

    @Test func `is silent about a status that a confirmation changed`() async throws {
        let office = try await PostOffice()
        try await office.register(user)
        let confirmed = status(from: "pending_verification", to: "active", because: nil)
        #expect(try await office.mailed(confirmed) == nil)
        #expect(try await office.notices(of: user).items.count == 1)
    }

    @Test func `gives one mail and one notice, however often it is delivered`() async throws {
        let office = try await PostOffice()
        try await office.register(user)
        let id = try await office.harness.publish(login(isNewDevice: true))
        try await office.harness.settle()
        try await office.harness.redeliverEverything()
        try await office.harness.forgetHandled()
        try await office.harness.redeliverEverything()
        #expect(office.mails.count == 2)
        #expect(try await office.notices(of: user).items.map(\.id).filter { $0 == id } == [id])
        #expect(try await office.harness.parked(at: PostOffice.consumer).isEmpty)
    }

    /// The mail about an event to a known user. No such mail holds a secret.
    private func notice(_ event: some Event, _ kind: String) async throws -> MailParsed {
        let office = try await PostOffice()
        try await office.register(user)
        let mail = try #require(try await office.mailed(event))
        #expect(mail.toAddress == "ada@example.org")
        #expect(mail.body.hasPrefix("Hello,\n\n"))
        #expect(mail.defects.isEmpty)
        #expect(mail.links.isEmpty)
        #expect(!mail.body.contains("session-1"))
        #expect(try await office.kinds(of: user) == [kind])
        let notices = try await office.notices(of: user).items
        #expect(notices.contains { $0.kind == kind && $0.subject == mail.subject })
        return mail
    }

    private func login(by method: String = "password", isNewDevice: Bool?) -> UserLoggedIn {
        UserLoggedIn(
            userID: user, sessionID: "session-1", ipAddress: "2001:db8::1",
            userAgent: "Firefox/130.0 (X11)", method: method, loggedInAt: TestTime().now,
            isNewDevice: isNewDevice)
    }

    private func status(
        from old: String, to new: String, because reason: String?
    ) -> UserAccountStatusChanged {
        UserAccountStatusChanged(
            userID: user, oldStatus: old, newStatus: new, reason: reason, changedBy: UserID(),
            changedAt: TestTime().now)
    }
}
