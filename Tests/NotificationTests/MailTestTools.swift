import FlotillaTesting
import Foundation
import Platform

@testable import Notification

/// A mail as Python's email package reads it.
struct MailParsed: Decodable, Equatable {
    let headers: [String]
    let subject: String
    let fromName: String
    let fromAddress: String
    let toName: String
    let toAddress: String
    let body: String
    let type: String
    let charset: String
    let messageID: String
    let date: String
    let autoSubmitted: String
    let defects: [String]

    /// Parses with `email.policy.SMTP`, which knows the RFCs on its own. Names go through the older
    /// reader: the newer one puts blanks between the encoded words of a name (seen in 3.11).
    static func parse(_ bytes: Data) async throws -> MailParsed {
        let script = #"""
            import sys, json, email, email.policy
            from email.header import decode_header, make_header
            from email.utils import parseaddr

            content = sys.stdin.buffer.read()
            m = email.message_from_bytes(content, policy=email.policy.SMTP)
            plain = email.message_from_bytes(content)

            def name(header):
                line = plain[header].replace("\r\n", "")
                return str(make_header(decode_header(parseaddr(line)[0])))

            f, t = m["From"].addresses[0], m["To"].addresses[0]
            print(json.dumps({
                "headers": m.keys(), "subject": m["Subject"],
                "fromName": name("From"), "fromAddress": f.addr_spec,
                "toName": name("To"), "toAddress": t.addr_spec,
                "body": m.get_content().replace("\r\n", "\n"), "type": m.get_content_type(),
                "charset": m.get_content_charset(), "messageID": m["Message-ID"],
                "date": m["Date"].datetime.isoformat(), "autoSubmitted": m["Auto-Submitted"],
                "defects": [str(d) for h in m.values() for d in h.defects]
                    + [str(d) for d in m.defects],
            }))
            """#
        return try await WorkThreads(name: "mail", countMax: 1).run {
            let json = try mailTestOutput(of: "/usr/bin/python3", ["-c", script], input: bytes)
            return try JSONDecoder().decode(MailParsed.self, from: json)
        }
    }
}

struct MailTestCommandFailed: Error {
    let status: Int32
    let words: String
}

/// Runs a command to its end.
func mailTestOutput(of command: String, _ arguments: [String], input: Data = Data()) throws -> Data
{
    let outcome = try Command.run(command, arguments, input: input)
    guard outcome.status == 0 else {
        throw MailTestCommandFailed(
            status: outcome.status, words: String(decoding: outcome.complaints, as: UTF8.self))
    }
    return outcome.output
}

/// A directory for the length of a closure.
func withMailDirectory<Value>(_ body: (String) async throws -> Value) async throws -> Value {
    let directory = FileManager.default.temporaryDirectory.appending(path: "mail-\(UUID())").path
    try FileManager.default.createDirectory(
        atPath: directory, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    return try await body(directory)
}

extension MailMessage {
    /// 2025-07-12T10:05:09Z
    static let sampleDate = Date(timeIntervalSince1970: 1_752_314_709)

    static func sample(
        id: String = "0198-welcome", to: String = "ben@example.org", toName: String? = nil,
        subject: String = "Welcome", text: String = "Hello\n"
    ) throws -> MailMessage {
        try MailMessage(
            id: id, from: MailAddress("shop@flotilla.example", name: "Flotilla"),
            to: MailAddress(to, name: toName), subject: subject, text: text, date: sampleDate)
    }
}
