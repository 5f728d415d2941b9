import Foundation
import Testing

@testable import Notification

/// What every transport owes: a mail arrives as it was written, whatever is in it.
@Suite struct `Delivering a mail` {
    enum Kind: CaseIterable { case file, smtp }

    @Test(arguments: Kind.allCases, Sample.all)
    func `keeps every word of it`(kind: Kind, sample: Sample) async throws {
        let message = try MailMessage.sample(
            toName: sample.name, subject: sample.subject, text: sample.text)
        let bytes = try await delivered(message, by: kind)
        let mail = try await MailParsed.parse(bytes)

        #expect(mail.defects == [])
        #expect(
            mail.headers == [
                "Date", "From", "To", "Subject", "Message-ID", "Auto-Submitted", "MIME-Version",
                "Content-Type", "Content-Transfer-Encoding",
            ])
        #expect(mail.subject == sample.subject)
        #expect(mail.fromName == "Flotilla")
        #expect(mail.fromAddress == "shop@flotilla.example")
        #expect(mail.toName == sample.name ?? "")
        #expect(mail.toAddress == "ben@example.org")
        #expect(mail.body == sample.textAsRead)
        #expect(mail.type == "text/plain")
        #expect(mail.charset == "utf-8")
        #expect(mail.messageID == "<0198-welcome@flotilla.example>")
        #expect(mail.date == "2025-07-12T10:05:09+00:00")
        #expect(mail.autoSubmitted == "auto-generated")
    }

    @Test(arguments: Kind.allCases)
    func `is possible after a check`(kind: Kind) async throws {
        try await withTransport(kind) { transport, _ in try await transport.check() }
    }

    private func delivered(_ message: MailMessage, by kind: Kind) async throws -> Data {
        try await withTransport(kind) { transport, arrived in
            try await transport.send(message)
            return try arrived()
        }
    }

    private func withTransport<Value>(
        _ kind: Kind, _ body: (any MailTransport, () throws -> Data) async throws -> Value
    ) async throws -> Value {
        switch kind {
        case .file:
            try await withMailDirectory { directory in
                try await body(makeMailTransport(MailURL("file:\(directory)"))) {
                    try Data(contentsOf: URL(filePath: "\(directory)/0198-welcome.eml"))
                }
            }
        case .smtp:
            try await MailTestServer.run(.plain) { server in
                try await body(makeMailTransport(server.url())) {
                    let arrived = try server.arrived()
                    try #require(arrived.count == 1)
                    return arrived[0].content
                }
            }
        }
    }

    struct Sample: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var name: String?
        var subject = "Welcome"
        var text = "Hello\n"

        /// Line ends become LF, and the last line gets one.
        var textAsRead: String {
            let text = text.replacing("\r\n", with: "\n").replacing("\r", with: "\n")
            return text.utf8.last == UInt8(ascii: "\n") ? text : text + "\n"
        }

        static let all = [
            Sample(testDescription: "plain words", name: "Ben"),
            Sample(
                testDescription: "many scripts", name: "Жозефина Ærøskøbing 李小龍",
                subject: "Willkommen, Jörg — добро пожаловать 👩‍👩‍👧‍👦",
                text: "Grüße aus Köln,\nдо скорого\n今日は 👋\n"),
            Sample(
                testDescription: "long lines",
                name: String(repeating: "Abraham ", count: 30) + "B.",
                subject: String(repeating: "very long ", count: 40) + "subject",
                text: String(repeating: "word ", count: 2_000) + "\n"
                    + String(repeating: "ü", count: 3_000)),
            Sample(
                testDescription: "lines of dots",
                text: ".\n..\n.hidden\n\n.\r\n" + String(repeating: ".", count: 400) + "\n.\n"),
            Sample(
                testDescription: "what looks like mail",
                text: "From me\nFrom: me\n\n--boundary\n=3D=\nSubject: no\n.\nQUIT\n"),
            Sample(
                testDescription: "what looks encoded", name: #"O"Neil \ <x@y.example>, (z); a:b"#,
                subject: "=?utf-8?Q?not_me?= and = ? _ \"",
                text: "=?utf-8?Q?not_me?=\n==20=\n"),
            Sample(
                testDescription: "white space", subject: " before  and after ",
                text: "  two before, two after  \n\ttab\t\n \n\n\nno end"),
            Sample(testDescription: "line ends of all kinds", text: "a\rb\nc\r\nd\n\re"),
            Sample(testDescription: "nothing", name: "", subject: "", text: ""),
        ]
    }
}
