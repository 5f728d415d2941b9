import Foundation
import Testing

@testable import Notification

@Suite struct `Rendering a mail` {
    @Test func `writes headers, an empty line, then the body`() throws {
        let mail = try MailMessage.sample(toName: "Ben", text: "Grüße\n.dot")
        #expect(
            mail.rendered()
                == [
                    "Date: Sat, 12 Jul 2025 10:05:09 +0000",
                    #"From: "Flotilla" <shop@flotilla.example>"#,
                    #"To: "Ben" <ben@example.org>"#,
                    "Subject: Welcome",
                    "Message-ID: <0198-welcome@flotilla.example>",
                    "Auto-Submitted: auto-generated",
                    "MIME-Version: 1.0",
                    "Content-Type: text/plain; charset=utf-8",
                    "Content-Transfer-Encoding: quoted-printable",
                    "",
                    "Gr=C3=BC=C3=9Fe",
                    "=2Edot",
                    "",
                ].joined(separator: "\r\n"))
    }

    @Test(arguments: 0..<200)
    func `keeps every line short and ASCII, whatever the length`(length: Int) throws {
        let words = String("Größe 尺寸 👩‍👩‍👧‍👦 size. ".unicodeScalars.cycled(length))
        let ascii = String(repeating: "x y", count: length)
        for text in [words, ascii] {
            let mail = try MailMessage.sample(toName: text, subject: text, text: text)
            let rendered = mail.rendered()
            #expect(rendered.utf8.allSatisfy { (0x20...0x7E).contains($0) || $0 == 13 || $0 == 10 })
            let lines = rendered.utf8.split(
                separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            #expect(lines.dropLast().allSatisfy { $0.last == UInt8(ascii: "\r") })
            #expect(lines.allSatisfy { $0.count <= 77 })  // 76 and the CR
            let encoded = rendered.matches(of: #/=\?utf-8\?B\?[^?]*\?=/#)
            #expect(encoded.allSatisfy { $0.output.utf8.count <= 75 })
        }
    }

    @Test func `gives the same bytes each time`() throws {
        #expect(try MailMessage.sample().rendered() == MailMessage.sample().rendered())
    }

    @Test(arguments: [
        (-1.0, "Wed, 31 Dec 1969 23:59:59 +0000"), (0, "Thu, 1 Jan 1970 00:00:00 +0000"),
        (951_782_400, "Tue, 29 Feb 2000 00:00:00 +0000"),
        (4_102_444_800.9, "Fri, 1 Jan 2100 00:00:00 +0000"),
    ])
    func `dates it in UTC, to the second`(seconds: Double, words: String) {
        #expect(MailMessage.rfc5322(Date(timeIntervalSince1970: seconds)) == words)
    }
}

@Suite struct `Forging a header` {
    static let breaks = [
        "\r\n", "\n", "\r", "\0", "\u{B}", "\u{C}", "\u{85}", "\u{2028}", "\u{2029}", "\u{7F}",
        "\u{1B}", "\t",
    ]

    @Test(arguments: breaks)
    func `is refused in the subject, a name, an address or the id`(lineBreak: String) throws {
        let forged = "a\(lineBreak)Bcc: eve@example.net"
        #expect(throws: MailError.unfit(.subject)) { try MailMessage.sample(subject: forged) }
        #expect(throws: MailError.unfit(.id)) { try MailMessage.sample(id: forged) }
        #expect(throws: MailError.unfit(.name)) { try MailAddress("a@b.example", name: forged) }
        #expect(throws: MailError.unfit(.address)) {
            try MailAddress("a@b.example\(lineBreak)Bcc:eve@example.net")
        }
        #expect(throws: MailError.unfit(.address)) {
            try MailAddress("a\(lineBreak)@b.example")
        }
    }

    @Test func `is impossible from the text`() throws {
        let text = "\r\nBcc: eve@example.net\r\n\r\n.\r\nMAIL FROM:<eve@example.net>\r\n"
        let rendered = try MailMessage.sample(text: text).rendered()
        let end = try #require(rendered.firstRange(of: "\r\n\r\n"))
        #expect(!rendered[..<end.lowerBound].contains("eve"))
        #expect(!rendered.contains("\r\n.\r\n"))
    }

    @Test(arguments: ["", ".", "..", "a/b", "../a", ".a", "a.", "a..b", "a b", "ü", "a<b", "a@b"])
    func `is no use of an id either: it stays a file name and a word`(id: String) {
        #expect(throws: MailError.unfit(.id)) { try MailMessage.sample(id: id) }
    }

    @Test func `is no use of a long id`() throws {
        #expect(throws: MailError.unfit(.id)) {
            try MailMessage.sample(id: String(repeating: "a", count: 129))
        }
        _ = try MailMessage.sample(id: "A_1-b.2")
    }
}

extension Collection {
    /// The first `length` elements of the collection after itself, again and again.
    fileprivate func cycled(_ length: Int) -> String.UnicodeScalarView
    where Element == UnicodeScalar {
        var view = String.UnicodeScalarView()
        for offset in 0..<length { view.append(self[index(startIndex, offsetBy: offset % count)]) }
        return view
    }
}
