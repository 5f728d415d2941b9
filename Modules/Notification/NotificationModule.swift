public import EventBus
import Foundation
public import Platform
public import Settings
public import Storage
public import Web

/// Mails to users, and the list of what was sent to them.
public struct NotificationModule: Module {
    /// Stable: its database and `notification.user-mails` are called by it.
    public static let name = "notification"
    /// Where mails go, whom they are from, and where their links lead.
    public static let settings: [any DeclaredSetting] = [mailURL, mailSender, mailLinkBase]
    /// The list of what was sent, and whom mails go to: subjects and addresses, no texts.
    public static let migrations = [notificationMigrations]

    private static let mailURL = Setting<String>.custom(
        "mail.url", default: "file:./data/mail", defaultText: "file:./data/mail",
        allowed: "file:DIR, smtp://[user:pass@]host:port or smtps://[user:pass@]host:port"
            + "; smtp: takes ?tls=none, opportunistic or required, and both take ?ca=PATH",
        "Where mails go. smtp: uses STARTTLS; credentials need it beyond this machine.",
        isSecret: true,
        parse: { text in (try? MailURL(text)) == nil ? nil : text })
    private static let mailSender = Setting<String>.custom(
        "mail.from", default: "no-reply@flotilla.example",
        defaultText: "no-reply@flotilla.example", allowed: "an e-mail address",
        "The sender of all mails.",
        parse: { text in (try? MailAddress(text)) == nil ? nil : text })
    private static let mailLinkBase = Setting<String>.custom(
        "mail.linkBase", default: "http://127.0.0.1:8080", defaultText: "http://127.0.0.1:8080",
        allowed: "an http or https URL without user, query or fragment",
        "Where the pages for people are, which links in mails lead to.",
        parse: { text in (try? MailLinks(text))?.base })

    let notifications: Notifications
    private let database: Database
    private let mail: any MailTransport

    /// - Throws: `MailURLError`, `MailError` or `MailLinksError` when the settings were not checked
    ///   before.
    public init(settings: Settings, platform: Platform) throws {
        mail = makeMailTransport(try MailURL(settings[Self.mailURL]))
        database = platform.database
        notifications = Notifications(
            mail: mail, sender: try MailAddress(settings[Self.mailSender], name: "Flotilla"),
            links: try MailLinks(settings[Self.mailLinkBase]),
            tokens: MailTokens(sealing: platform.sealing), database: database,
            logger: platform.logger, now: platform.now)
    }

    /// `GET /api/v1/notifications`: what was sent to the caller.
    public var routes: [Route] {
        NotificationRoutes(database: database, store: notifications.notices).all
    }

    /// What happens to users and their accounts, as `notification.user-mails`.
    public var subscriptions: [Subscription] { [userMailsSubscription] }

    /// Whether the mail server or directory answers; no mail is sent.
    public var checks: [Check] {
        [Check("mail") { [mail] in try await mail.check() }]
    }
}
