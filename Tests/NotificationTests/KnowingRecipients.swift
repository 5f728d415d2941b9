import Events
import FlotillaTesting
import Foundation
import Storage
import Testing
import UserContract

@testable import Notification

@Suite(.serialized) struct `Knowing where mails go` {
    private let user = UserID()

    @Test func `follows the address of a user`() async throws {
        let office = try await PostOffice()
        try await office.register(user)
        try await office.harness.publish(moved(to: "zoe@example.net"))
        let mail = try #require(try await office.mailed(passwordChanged))
        #expect(mail.toAddress == "zoe@example.net")
        #expect(mail.body.hasPrefix("Hello,\n"))
    }

    @Test func `is not confused by a registration that is heard again`() async throws {
        let office = try await PostOffice()
        try await office.register(user)
        try await office.harness.publish(moved(to: "zoe@example.net"))
        try await office.register(user)
        let mail = try #require(try await office.mailed(passwordChanged))
        #expect(mail.toAddress == "zoe@example.net")
    }

    @Test func `sends nothing to a user it never heard of, and goes on`() async throws {
        let office = try await PostOffice()
        try await office.harness.publish(passwordChanged)
        try await office.harness.publish(
            UserRegistrationRepeated(userID: user, attemptedAt: TestTime().now))
        try await office.harness.settle()
        #expect(office.mails.isEmpty)
        #expect(try await office.notices(of: user).items.isEmpty)
        #expect(try await office.harness.parked(at: PostOffice.consumer).isEmpty)
    }

    @Test func `needs no more than the event where that says the address`() async throws {
        let office = try await PostOffice()
        let mail = try #require(
            try await office.mailed(
                UserPasswordResetRequested(
                    userID: user, email: "old@example.org",
                    sealedToken: try office.seal("reset-token", for: .passwordReset, of: user),
                    expiresAt: TestTime().now.addingTimeInterval(60))))
        #expect(mail.toAddress == "old@example.org")
        #expect(mail.body.hasPrefix("Hello,\n"))
        #expect(mail.links.count == 1)
    }

    private var passwordChanged: UserPasswordChanged {
        UserPasswordChanged(userID: user, ipAddress: nil, changedAt: TestTime().now)
    }

    private func moved(to email: String) -> UserEmailChanged {
        UserEmailChanged(
            userID: user, email: email, oldEmail: "ada@example.org", sealedToken: nil,
            expiresAt: nil, changedAt: TestTime().now)
    }
}

@Suite(.serialized) struct `Forgetting a user` {
    private let user = UserID()

    @Test func `erases their notices and nobody else's`() async throws {
        let office = try await PostOffice()
        let other = UserID()
        try await office.register(user)
        try await office.register(other)
        #expect(try await office.mailed(deleted) == nil)
        #expect(try await office.notices(of: user).items.isEmpty)
        #expect(try await office.notices(of: other).items.count == 1)
        try await office.harness.redeliverEverything()
        #expect(try await office.notices(of: user).items.isEmpty)
    }

    @Test func `erases their address and keeps a mark`() async throws {
        let office = try await PostOffice()
        try await office.register(user)
        try await office.harness.publish(deleted)
        try await office.harness.settle()
        #expect(try await rows(in: office) == ["|deleted"])
    }

    @Test func `holds when an old registration or change is heard after it`() async throws {
        let office = try await PostOffice()
        try await office.register(user)
        try await office.harness.publish(deleted)
        try await office.harness.settle()
        let sent = office.mails
        try await office.register(user)
        try await office.harness.publish(
            UserEmailChanged(
                userID: user, email: "new@example.org", oldEmail: "ada@example.org",
                sealedToken: nil, expiresAt: nil, changedAt: TestTime().now))
        try await office.harness.settle()
        #expect(office.mails == sent)
        #expect(try await office.notices(of: user).items.isEmpty)
        #expect(try await rows(in: office) == ["|deleted"])
        #expect(try await office.harness.parked(at: PostOffice.consumer).isEmpty)
    }

    @Test func `also holds for one it never heard of`() async throws {
        let office = try await PostOffice()
        try await office.harness.publish(deleted)
        try await office.register(user)
        #expect(office.mails.isEmpty)
        #expect(try await rows(in: office) == ["|deleted"])
    }

    private var deleted: UserDeleted { UserDeleted(userID: user, deletedAt: TestTime().now) }

    private func rows(in office: PostOffice) async throws -> [String] {
        try await office.harness.database.read { transaction in
            try transaction.rows("SELECT email, deleted_at FROM recipients").map {
                let deletedAt: Date? = try $0.get("deleted_at")
                let email: String = try $0.get("email")
                return "\(email)|\(deletedAt == nil ? "" : "deleted")"
            }
        }
    }
}
