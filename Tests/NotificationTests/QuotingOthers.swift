import Events
import FlotillaTesting
import Foundation
import Testing
import UserContract

@testable import Notification

@Suite struct `Quoting others in a mail` {
    @Test(arguments: [
        "Ada", "Zoë", "Anne-Marie", "J.R.", "O'Neil", "李小龍", "Mary Jane", "Ada Jr.", "Nº 5",
        "👩‍👩‍👧", "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0",
        "192.0.2.1", "2001:db8::1",
    ])
    func `keeps names, agents and addresses as they are`(words: String) {
        #expect(words.asOutsideWords() == words)
    }

    @Test(arguments: [
        ("Ada\r\n\r\nhttps://evil.example", "Ada https: //evil. example"),
        ("you won, see www.evil.example/a", "you won, see www. evil. example/a"),
        ("evil.xn--p1ai", "evil. xn--p1ai"), ("a\u{0}b\u{85}c\u{2028}d\u{1B}e\u{7F}", "a b c d e"),
        ("\u{202E}gro.elpmaxe\u{202C}\u{2066}", "gro. elpmaxe"), (" \t\n ", ""), ("", ""),
        ("  two   blanks ", "two blanks"),
    ])
    func `makes one line of it, in which nothing is a link`(words: String, quoted: String) {
        #expect(words.asOutsideWords() == quoted)
    }

    @Test func `cuts what is long`() {
        let long = String(repeating: "ab", count: 200)
        #expect(long.asOutsideWords() == String(long.prefix(100)))
        #expect(long.asOutsideWords(countMax: 7) == "abababa")
    }

    @Test func `holds for names, agents and reasons`() throws {
        let (user, now) = (UserID(), TestTime().now)
        let bad = "x\r\nhttps://evil.example/\(String(repeating: "y", count: 600))"
        let letters = [
            try #require(
                Letter.loggedIn(
                    UserLoggedIn(
                        userID: user, sessionID: "s", ipAddress: bad, userAgent: bad,
                        method: "recovery_code", loggedInAt: now, isNewDevice: true))),
            Letter.suspended(
                UserAccountStatusChanged(
                    userID: user, oldStatus: "active", newStatus: "suspended", reason: bad,
                    changedBy: user, changedAt: now)),
            Letter.welcome(.sample(user, firstName: bad), link: nil),
        ]
        for letter in letters {
            let text = letter.text(to: bad)
            #expect(!text.contains("://"))
            #expect(!text.contains("evil.example"))
            #expect(!text.contains("\r"))
            #expect(!text.contains(String(repeating: "y", count: 500)))
        }
    }

    @Test func `greets nobody by an empty name`() {
        #expect(Letter.emailVerified.text(to: "\u{202E} ").hasPrefix("Hello,\n\n"))
        #expect(Letter.emailVerified.text(to: nil).hasPrefix("Hello,\n\n"))
    }
}
