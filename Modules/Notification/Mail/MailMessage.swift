import Foundation

/// A plain-text mail to one mailbox.
///
/// Nothing in it can make a header of its own: a control character in the subject or a name, or a
/// mark that is no word in the id, is refused here, and ``rendered()`` writes what is not plain
/// ASCII as encoded words.
struct MailMessage: Sendable, Hashable {
    /// Stays the same when the mail is sent again: the Message-ID and the file name derive from it.
    let id: String
    let from: MailAddress
    let to: MailAddress
    let subject: String
    /// The body; any line ends. A missing final line end is added on the way.
    let text: String
    /// When the mail was written, to the second.
    let date: Date

    /// - Throws: ``MailError/unfit(_:)`` with `.id` or `.subject`.
    init(
        id: String, from: MailAddress, to: MailAddress, subject: String, text: String, date: Date
    ) throws(MailError) {
        guard Self.isFit(id: id) else { throw .unfit(.id) }
        guard !subject.hasControlCharacters else { throw .unfit(.subject) }
        (self.id, self.from, self.to) = (id, from, to)
        (self.subject, self.text, self.date) = (subject, text, date)
    }

    // A file name holds 255 octets: 128 leave room for the marks of a temporary file.
    private static let idOctetCountMax = 128

    /// ASCII letters, digits, `-` and `_`, with single dots between: a dot-atom that is also a
    /// safe file name.
    private static func isFit(id: String) -> Bool {
        id.utf8.count <= idOctetCountMax
            && id.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
                .allSatisfy { run in
                    !run.isEmpty
                        && run.allSatisfy {
                            $0.isASCIIAlphanumeric || $0 == UInt8(ascii: "-")
                                || $0 == UInt8(ascii: "_")
                        }
                }
    }
}
