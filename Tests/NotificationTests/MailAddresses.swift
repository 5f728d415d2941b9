import Testing

@testable import Notification

@Suite struct `Reading a mail address` {
    @Test(arguments: [
        "a@b", "ben@example.org", "first.last+tag@mail.example.org", "o'neil@xn--kln-sna.example",
        "!#$%&*/=?^_`{|}~-@1-2.example",
        String(repeating: "a", count: 64) + "@" + String(repeating: "b", count: 63) + ".example",
    ])
    func `takes a dot-atom at a host`(text: String) throws {
        let address = try MailAddress(text)
        #expect(address.address == text)
        #expect(address.name == nil)
        #expect(text.hasSuffix("@\(address.domain)"))
    }

    @Test(arguments: [
        "", "@", "a", "a@", "@b", "a@b@c", "a b@c", "a@b c", "a@b,c@d", "a..b@c", ".a@b", "a.@b",
        "a@b..c", "a@.b", "a@b.", "a@-b", "a@b-", "a@[127.0.0.1]", "\"a b\"@c", "<a@b>", "a@b>",
        "a@b>\r\nRCPT TO:<c@d", "jörg@example.org", "ben@köln.example", "a@b_c", "a\\@b", "a(b)@c",
        String(repeating: "a", count: 65) + "@b", "a@" + String(repeating: "b", count: 64),
        "a@" + Array(repeating: String(repeating: "b", count: 50), count: 5).joined(separator: "."),
    ])
    func `refuses anything else`(text: String) {
        #expect(throws: MailError.unfit(.address)) { try MailAddress(text) }
    }

    @Test func `takes an empty name for none`() throws {
        #expect(try MailAddress("a@b", name: "").name == nil)
        #expect(try MailAddress("a@b", name: "Åsa").name == "Åsa")
    }
}
