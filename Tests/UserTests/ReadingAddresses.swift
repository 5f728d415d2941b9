import Testing

@testable import User

@Suite struct `Reading an e-mail address` {
    @Test(arguments: [
        ("ada@example.org", "ada@example.org"), (" ada@example.org\t", "ada@example.org"),
        ("Ada.Lovelace@Example.ORG", "ada.lovelace@example.org"), ("a@b.c", "a@b.c"),
        ("a+tag@example.org", "a+tag@example.org"),
        ("!#$%&'*+-/=?^_`{|}~@example.org", "!#$%&'*+-/=?^_`{|}~@example.org"),
        ("x@xn--bcher-kva.example", "x@xn--bcher-kva.example"), ("1@2.3", "1@2.3"),
        (
            String(repeating: "l", count: 64) + "@example.org",
            String(repeating: "l", count: 64) + "@example.org"
        ),
        (
            "a@" + String(repeating: "d", count: 63) + ".org",
            "a@" + String(repeating: "d", count: 63) + ".org"
        ),
    ])
    func `B93: keeps what was typed and makes a key of it`(typed: String, key: String) throws {
        let email = try #require(EmailAddress(typed))
        #expect(email.text == typed.trimmingSpaces)
        #expect(email.key == key)
    }

    @Test(arguments: [
        "", " ", "@", "ada", "ada@", "@example.org", "ada@example", "ada@@example.org",
        "ada@example@org", "ada@example..org", "ada@.example.org", "ada@example.org.",
        ".ada@example.org", "ada.@example.org", "a..b@example.org", "a b@example.org",
        "ada@exa mple.org", "\"ada\"@example.org", "ada@[127.0.0.1]", "ada@-example.org",
        "ada@example-.org", "ada@exa_mple.org", "Ada <ada@example.org>", "ada@example.org,b@c.d",
        "ada\n@example.org", "ada@example.org\n", "ada@example.org\r\nBcc: x@y.z", "a\u{0}@b.c",
        String(repeating: "l", count: 65) + "@example.org",
        "a@" + String(repeating: "d", count: 64) + ".org",
    ])
    func `refuses what is no address`(typed: String) {
        #expect(EmailAddress(typed) == nil)
    }

    @Test(arguments: [
        "аda@example.org",  // Cyrillic а
        "ada@exаmple.org", "ada@e\u{301}xample.org", "ada@bücher.example", "用户@example.org",
        "ada\u{200B}@example.org", "ada\u{202E}@example.org", "ada@example\u{3002}org",
        "\u{212A}ada@example.org",  // the Kelvin sign, which folds to k
        "ad\u{131}@example.org",  // dotless i
        "ada＠example.org", "ada@example．org", "ada@\u{301}example.org",
    ])
    func `B94: refuses letters that look or fold alike`(typed: String) {
        #expect(EmailAddress(typed) == nil)
    }

    @Test(arguments: [(254, true), (255, false)])
    func `goes up to 254 characters`(length: Int, isAddress: Bool) {
        // 64 before the @, then labels of up to 63.
        let label = String(repeating: "d", count: 61)
        let head = String(repeating: "l", count: 64) + "@\(label).\(label).\(label)."
        let address = head + String(repeating: "e", count: length - head.count)
        #expect(address.count == length)
        #expect((EmailAddress(address) != nil) == isAddress)
    }
}

extension String {
    fileprivate var trimmingSpaces: String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
    }
}
