import Foundation
import Testing
import UserContract

@testable import Notification

@Suite struct `Linking to the pages for people` {
    @Test(arguments: [
        (SealedToken.Use.emailVerification, "verify-email"), (.passwordReset, "reset-password"),
        (.emailChange, "confirm-email-change"), (.emailChangeUndo, "undo-email-change"),
    ])
    func `B77: begins with the configured base`(use: SealedToken.Use, page: String) throws {
        let links = try MailLinks("https://shop.example")
        #expect(links.link(use, token: "t") == "https://shop.example/account/\(page)#token=t")
    }

    @Test(arguments: SealedToken.Use.allCases)
    func `B78: the token is in the fragment alone`(use: SealedToken.Use) throws {
        let link = try MailLinks("https://shop.example").link(use, token: "S3cret-_.~")
        let parts = try #require(URLComponents(string: link))
        #expect(parts.fragment == "token=S3cret-_.~")
        #expect(parts.query == nil)
        #expect(!parts.path.contains("S3cret"))
    }

    @Test(arguments: SealedToken.Use.allCases)
    func `B76: fetching it sends nothing that could be spent`(use: SealedToken.Use) throws {
        let links = try MailLinks("https://shop.example")
        let fetched = ["a", "b"].map { links.link(use, token: $0).prefix { $0 != "#" } }
        #expect(fetched[0] == fetched[1])
    }

    @Test func `lets no token leave its place`() throws {
        let link = try MailLinks("https://shop.example").link(
            .passwordReset, token: "a&b=c d\r\nhttps://evil.example#é")
        #expect(
            link == "https://shop.example/account/reset-password#token="
                + "a%26b%3Dc%20d%0D%0Ahttps%3A%2F%2Fevil.example%23%C3%A9")
    }

    @Test(arguments: [
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("https://shop.example/", "https://shop.example"),
        ("https://shop.example/eu//", "https://shop.example/eu"),
        ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
        ("HTTPS://Shop.example", "HTTPS://Shop.example"),
    ])
    func `takes a base without its last slash`(text: String, base: String) throws {
        #expect(try MailLinks(text).base == base)
    }

    @Test(arguments: [
        "", "/", "shop.example", "//shop.example", "ftp://shop.example", "javascript:alert(1)",
        "https:", "https://", "https:///a", "https:shop.example", "https://ada@shop.example",
        "https://ada:pw@shop.example", "https://@shop.example", "https://shop.example?a=b",
        "https://shop.example?", "https://shop.example#a", "https://shop.example#",
        "https://shop.example:0", "https://shop.example:65536",
        "https://shop.example:99999999999999999999", "https://shop.example/a b",
        "https://shop.example\r\n", "https://shöp.example", "https://shop.example/\u{202E}",
    ])
    func `refuses what is no base`(text: String) {
        #expect(throws: MailLinksError.badBase) { try MailLinks(text) }
    }

    @Test func `names the setting when it refuses`() {
        #expect("\(MailLinksError.badBase)".hasPrefix("mail.linkBase"))
    }
}
