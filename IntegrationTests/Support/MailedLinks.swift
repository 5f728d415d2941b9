import Foundation
import Testing

/// Pages that links in mails lead to.
enum MailedPage: String, Sendable {
    case verifyEmail = "verify-email"
    case resetPassword = "reset-password"
    case confirmEmailChange = "confirm-email-change"
    case undoEmailChange = "undo-email-change"

    var path: String { "/account/\(rawValue)" }
}

extension Mail {
    /// The text below the headers, out of quoted-printable (RFC 2045, section 6.7).
    var body: String {
        let parts = text.replacing("\r\n", with: "\n").split(separator: "\n\n", maxSplits: 1)
        let encoded = (parts.count == 2 ? parts[1] : "").replacing("=\n", with: "")
        var bytes: [UInt8] = []
        var rest = Array(encoded.utf8)[...]
        while let byte = rest.popFirst() {
            let digits = String(decoding: rest.prefix(2), as: UTF8.self)
            if byte == UInt8(ascii: "="), digits.count == 2, let value = UInt8(digits, radix: 16) {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The token of its link to a page; `nil` when it has none.
    func token(for page: MailedPage) -> String? {
        body.split(whereSeparator: \.isWhitespace)
            .first { $0.contains("\(page.path)#token=") }?
            .split(separator: "#token=").last
            .flatMap { String($0).removingPercentEncoding }
    }
}

extension RunningSystem {
    /// The token of the newest of the mails to an address that lead to a page, once there are so
    /// many of them.
    func mailedToken(
        for page: MailedPage, to address: String, count: Int = 1
    ) async throws -> JSON {
        let tokens = try await eventually("mail \(count) to \(address) with \(page)") {
            try mailbox.mails(to: address).sorted { $0.file < $1.file }
                .compactMap { $0.token(for: page) }
        } until: {
            $0.count >= count
        }
        #expect(tokens.count == count)
        return .string(try #require(tokens.last))
    }
}
