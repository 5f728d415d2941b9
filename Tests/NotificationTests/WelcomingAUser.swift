import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import Testing
import UserContract

@testable import Notification

private let consumer = PostOffice.consumer

@Suite(.serialized) struct `Welcoming a user` {
    private let user = UserID()

    @Test func `sends one mail to them`() async throws {
        let office = try await PostOffice()
        let id = try await office.harness.publish(UserRegistered.sample(user, firstName: "Zoë"))
        try await office.harness.settle()
        #expect(office.mails == ["\(id).eml"])
        let mail = try await MailParsed.parse(office.mail(id))
        #expect(mail.toAddress == "ada@example.org")
        #expect(mail.fromAddress == "no-reply@flotilla.example")
        #expect(mail.subject == "Welcome to Flotilla, Zoë")
        #expect(mail.body.hasPrefix("Hello Zoë,\n"))
        #expect(mail.messageID.hasPrefix("<\(id)@"))
        #expect(mail.defects.isEmpty)
    }

    @Test func `lists it for them alone`() async throws {
        let office = try await PostOffice()
        let id = try await office.harness.publish(UserRegistered.sample(user))
        try await office.harness.publish(UserRegistered.sample(UserID(), email: "b@example.org"))
        try await office.harness.settle()
        #expect(
            try await office.notices(of: user).items == [
                NoticeSeen(
                    id: id, kind: "welcome", channel: "email",
                    subject: "Welcome to Flotilla, Ada", status: "sent",
                    createdAt: office.harness.time.now)
            ])
        #expect(try await office.notices(of: UserID()).items.isEmpty)
        let answer = try await office.harness.send(.get, "/api/v1/notifications")
        #expect(answer.status == .unauthorized)
    }

    @Test func `gives one mail and one notice, however often it is delivered`() async throws {
        let office = try await PostOffice()
        let id = try await office.harness.publish(UserRegistered.sample(user))
        try await office.harness.settle()
        try await office.harness.redeliverEverything()
        try await office.harness.forgetHandled()
        try await office.harness.redeliverEverything()
        #expect(office.mails == ["\(id).eml"])
        #expect(try await office.notices(of: user).items.map(\.id) == [id])
        #expect(try await office.harness.parked(at: consumer).isEmpty)
    }

    @Test func `waits while no mail goes out, then goes on`() async throws {
        let office = try await PostOffice()
        try office.close()
        let id = try await office.harness.publish(UserRegistered.sample(user))
        try await office.harness.settle()
        let parked = try await office.harness.parked(at: consumer)
        #expect(parked.map(\.id) == [id])
        #expect(parked.map(\.state) == ["retrying"])
        #expect(try await office.notices(of: user).items.isEmpty)
        try office.open()
        try await office.harness.settle()
        #expect(try await office.harness.parked(at: consumer) == parked)
        office.harness.time.advance(by: .milliseconds(100))
        try await office.harness.settle()
        #expect(try await office.harness.parked(at: consumer).isEmpty)
        #expect(office.mails == ["\(id).eml"])
        #expect(try await office.notices(of: user).items.map(\.id) == [id])
    }

    @Test func `does not keep others waiting for a mail that can't go`() async throws {
        let office = try await PostOffice()
        let stuck = try await office.harness.publish(UserRegistered.sample(user))
        // A directory lies where this one mail belongs.
        let obstacle = "\(office.mailDirectory)/\(stuck).eml"
        try FileManager.default.createDirectory(
            atPath: obstacle, withIntermediateDirectories: true)
        let other = UserID()
        let sent = try await office.harness.publish(
            UserRegistered.sample(other, email: "b@example.org"))
        try await office.harness.settle()
        #expect(try await office.harness.parked(at: consumer).map(\.id) == [stuck])
        #expect(try await office.notices(of: other).items.map(\.id) == [sent])
        try FileManager.default.removeItem(atPath: obstacle)
        office.harness.time.advance(by: .milliseconds(100))
        try await office.harness.settle()
        #expect(office.mails == ["\(stuck).eml", "\(sent).eml"].sorted())
        #expect(try await office.harness.parked(at: consumer).isEmpty)
    }

    @Test(arguments: [
        ("no address", "Ada"), ("ада@example.org", "Ada"), ("a@b.c\r\nBcc: x@y.z", "Ada"),
        ("ada@example.org", "Ada\r\nBcc: x@y.z"), ("ada@example.org", "Ada\u{2028}"),
    ])
    func `notes a mail that can never be sent as failed, and no others wait for it`(
        email: String, firstName: String
    ) async throws {
        let office = try await PostOffice()
        let id = try await office.harness.publish(
            UserRegistered.sample(user, email: email, firstName: firstName))
        try await office.harness.settle()
        #expect(office.mails.isEmpty)
        let notices = try await office.notices(of: user).items
        #expect(notices.map(\.id) == [id])
        #expect(notices.map(\.status) == ["failed"])
        #expect(try await office.harness.parked(at: consumer).isEmpty)
    }
}

@Suite(.serialized) struct `Welcoming a user whose address is to be confirmed` {
    private let user = UserID()

    @Test func `sends the link along, in the one mail`() async throws {
        let office = try await PostOffice()
        let token = try office.seal("welcome-token", for: .emailVerification, of: user)
        let mail = try #require(try await office.mailed(registered(token)))
        #expect(office.mails.count == 1)
        #expect(mail.subject == "Welcome to Flotilla, Ada")
        #expect(mail.body.hasPrefix("Hello Ada,\n"))
        #expect(
            mail.links == ["https://shop.example/account/verify-email#token=welcome-token"])
        #expect(mail.body.contains("until 2026-01-02 12:00:00 UTC"))
        #expect(try await office.notices(of: user).items.map(\.kind) == ["welcome"])
    }

    @Test func `goes without a link where the token can't be opened`() async throws {
        let office = try await PostOffice()
        let others = try [
            PostOffice.sealElsewhere("welcome-token", for: .emailVerification, of: user),
            office.seal("welcome-token", for: .emailVerification, of: UserID()),
            office.seal("welcome-token", for: .passwordReset, of: user), "v1.no.token", "",
        ]
        for other in others {
            let mail = try #require(try await office.mailed(registered(other)))
            #expect(mail.body.hasPrefix("Hello Ada,\n"))
            #expect(mail.links.isEmpty)
            #expect(!mail.body.contains("token"))
        }
        #expect(try await office.harness.parked(at: consumer).isEmpty)
        let statuses = try await office.notices(of: user).items.map(\.status)
        #expect(statuses == others.map { _ in "sent" })
    }

    private func registered(_ sealedToken: String) -> UserRegistered {
        .sample(user, sealedToken: sealedToken)
    }
}

@Suite(.serialized) struct `Listing notices` {
    @Test func `turns pages without gap or repetition, newest first`() async throws {
        let office = try await PostOffice()
        let user = UserID()
        var sent: [EventID] = []
        for _ in 0..<5 {
            sent.append(try await office.harness.publish(UserRegistered.sample(user)))
            try await office.harness.settle()
            office.harness.time.advance(by: .milliseconds(1))
        }
        var seen: [EventID] = []
        var query = "?limit=2"
        while true {
            let page = try await office.notices(query, of: user)
            seen += page.items.map(\.id)
            guard let cursor = page.nextCursor else { break }
            query = "?limit=2&cursor=\(cursor)"
        }
        #expect(seen == sent.reversed())
    }
}
