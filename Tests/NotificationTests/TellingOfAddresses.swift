import Events
import FlotillaTesting
import Foundation
import Testing
import UserContract

@testable import Notification

@Suite(.serialized) struct `Telling a user of their address` {
    private let user = UserID()
    private let later = TestTime().now.addingTimeInterval(3_600)

    @Test func `sends another link that confirms it`() async throws {
        let office = try await PostOffice()
        try await office.register(user)
        let mail = try #require(
            try await office.mailed(
                UserEmailVerificationRequested(
                    userID: user, email: "ada@example.org",
                    sealedToken: try office.seal("a-token", for: .emailVerification, of: user),
                    expiresAt: later)))
        #expect(mail.toAddress == "ada@example.org")
        #expect(mail.body.hasPrefix("Hello,\n"))
        #expect(mail.links == ["https://shop.example/account/verify-email#token=a-token"])
        #expect(mail.body.contains("until 2026-01-01 13:00:00 UTC"))
        #expect(try await office.kinds(of: user) == ["email_verification"])
    }

    @Test func `says that it is confirmed, and what to do if others know the password`()
        async throws
    {
        let office = try await PostOffice()
        try await office.register(user)
        let mail = try #require(
            try await office.mailed(
                UserEmailVerified(
                    userID: user, email: "ada@example.org", verifiedAt: TestTime().now)))
        #expect(mail.toAddress == "ada@example.org")
        #expect(mail.body.contains("confirmed"))
        #expect(mail.body.contains("forgot password"))
        #expect(mail.links.isEmpty)
        #expect(try await office.kinds(of: user) == ["email_verified"])
    }

    @Test func `sends the link that confirms a new one there`() async throws {
        let office = try await PostOffice()
        try await office.register(user)
        let token = try office.seal("a-token", for: .emailChange, of: user)
        let mail = try #require(try await office.mailed(requested(token)))
        #expect(mail.toAddress == "new@example.org")
        #expect(
            mail.links == ["https://shop.example/account/confirm-email-change#token=a-token"])
        #expect(!mail.body.contains("Ada"))
        #expect(try await office.kinds(of: user) == ["email_change"])
    }

    @Test func `tells the owner of an address that another wanted, and not who`() async throws {
        let office = try await PostOffice()
        try await office.register(user)
        let mail = try #require(try await office.mailed(requested(nil)))
        #expect(mail.toAddress == "new@example.org")
        #expect(mail.body.contains("nothing happened"))
        #expect(mail.links.isEmpty)
        for word in ["Ada", "ada@", "\(user)"] { #expect(!mail.body.contains(word)) }
    }

    @Test func `lists a taken address as it lists a free one`() async throws {
        let office = try await PostOffice()
        try await office.register(user)
        let token = try office.seal("a-token", for: .emailChange, of: user)
        try await office.harness.publish(requested(token))
        try await office.harness.publish(requested(nil))
        try await office.harness.settle()
        let notices = try await office.notices(of: user).items.filter { $0.kind != "welcome" }
        #expect(notices.count == 2)
        #expect(Set(notices.map { [$0.kind, $0.channel, $0.subject, $0.status] }).count == 1)
    }

    @Test func `tells the old one, with a link that takes the change back`() async throws {
        let office = try await PostOffice()
        try await office.register(user)
        let token = try office.seal("a-token", for: .emailChangeUndo, of: user)
        let mail = try #require(try await office.mailed(changed(token)))
        #expect(mail.toAddress == "ada@example.org")
        #expect(mail.links == ["https://shop.example/account/undo-email-change#token=a-token"])
        #expect(!mail.body.contains("new@example.org"))
        #expect(try await office.kinds(of: user) == ["email_changed"])
    }

    @Test func `tells of a change that was taken back without a link`() async throws {
        let office = try await PostOffice()
        try await office.register(user)
        let mail = try #require(try await office.mailed(changed(nil)))
        #expect(mail.toAddress == "ada@example.org")
        #expect(mail.links.isEmpty)
        #expect(mail.body.hasPrefix("Hello,\n"))
    }

    @Test func `tells of a second registration with it`() async throws {
        let office = try await PostOffice()
        try await office.register(user)
        let mail = try #require(
            try await office.mailed(
                UserRegistrationRepeated(userID: user, attemptedAt: TestTime().now)))
        #expect(mail.toAddress == "ada@example.org")
        #expect(mail.body.contains("You have one already"))
        #expect(mail.links.isEmpty)
        #expect(try await office.kinds(of: user) == ["registration_repeated"])
    }

    private func requested(_ sealedToken: String?) -> UserEmailChangeRequested {
        UserEmailChangeRequested(
            userID: user, email: "new@example.org", sealedToken: sealedToken, expiresAt: later)
    }

    private func changed(_ sealedToken: String?) -> UserEmailChanged {
        UserEmailChanged(
            userID: user, email: "new@example.org", oldEmail: "ada@example.org",
            sealedToken: sealedToken, expiresAt: sealedToken.map { _ in later },
            changedAt: TestTime().now)
    }
}
