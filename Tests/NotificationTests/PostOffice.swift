import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import Testing
import UserContract
import Web

@testable import Notification

// Suites that run a module are serialized: each case opens two databases, and with all of them at
// once a test process holds more than 1024 files, which Foundation's Process does not survive.

/// The module with a place of its own for mails.
struct PostOffice {
    static let consumer = "notification.user-mails"

    let directory: TemporaryDirectory
    let harness: ModuleHarness<NotificationModule>
    /// Where mails go; there is nothing until the first.
    var mailDirectory: String { "\(directory.path)/mail" }

    init() async throws {
        directory = try TemporaryDirectory()
        harness = try await ModuleHarness(
            NotificationModule.self,
            settings: [
                "mail.url": "file:\(directory.path)/mail",
                "mail.linkBase": "https://shop.example/",
            ])
    }

    var mails: [String] {
        let names = try? FileManager.default.contentsOfDirectory(atPath: mailDirectory)
        return (names ?? []).sorted()
    }

    func mail(_ id: EventID) throws -> Data {
        try Data(contentsOf: URL(filePath: "\(mailDirectory)/\(id).eml"))
    }

    /// Publishes an event, and reads the mail that came of it; `nil` when none did.
    func mailed(_ event: some Event) async throws -> MailParsed? {
        let id = try await harness.publish(event)
        try await harness.settle()
        guard mails.contains("\(id).eml") else { return nil }
        return try await MailParsed.parse(mail(id))
    }

    /// Lets a user register, whose mails go to `ada@example.org`.
    func register(_ user: UserID) async throws {
        try await harness.publish(UserRegistered.sample(user))
        try await harness.settle()
    }

    func notices(_ query: String = "", of user: UserID) async throws -> NoticePage {
        let answer = try await harness.send(
            .get, "/api/v1/notifications\(query)", as: TestCaller(user))
        return try FlotillaJSON.decode(NoticePage.self, from: answer.body)
    }

    /// What a user was told but the welcome; at one instant notices have no sequence.
    func kinds(of user: UserID) async throws -> [String] {
        try await notices(of: user).items.map(\.kind).filter { $0 != "welcome" }
    }

    /// Seals a token as User does.
    func seal(_ token: String, for use: SealedToken.Use, of user: UserID) throws -> String {
        try harness.sealing.seal(
            token, for: SealedToken.purpose, of: SealedToken.subject(user, use))
    }

    /// Seals a token as a User does that has another key.
    static func sealElsewhere(
        _ token: String, for use: SealedToken.Use, of user: UserID
    ) throws -> String {
        try SealingKeys(SealingKeys.generate()).seal(
            token, for: SealedToken.purpose, of: SealedToken.subject(user, use))
    }

    /// Puts a file where the directory should be, so that no mail can be written.
    func close() throws { try Data().write(to: URL(filePath: mailDirectory)) }

    func open() throws { try FileManager.default.removeItem(atPath: mailDirectory) }
}

/// A notice as its owner reads it.
struct NoticeSeen: Decodable, Equatable {
    let id: EventID
    let kind: String
    let channel: String
    let subject: String
    let status: String
    let createdAt: Date
}

struct NoticePage: Decodable {
    let items: [NoticeSeen]
    let nextCursor: String?
}

extension MailParsed {
    /// The lines that a mail program shows as links.
    var links: [String] {
        body.split(separator: "\n").map(String.init).filter { $0.contains("://") }
    }
}

extension UserRegistered {
    static func sample(
        _ user: UserID, email: String = "ada@example.org", firstName: String = "Ada",
        sealedToken: String? = nil
    ) -> UserRegistered {
        UserRegistered(
            userID: user, email: email, firstName: firstName, lastName: "Lovelace",
            status: "pending_verification", createdAt: TestTime().now, sealedToken: sealedToken,
            expiresAt: sealedToken.map { _ in TestTime().now.addingTimeInterval(86_400) })
    }
}
