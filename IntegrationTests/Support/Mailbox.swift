/// The mails in a directory, as the file transport and a test's mail server write them.
struct Mailbox: Sendable {
    let directory: Directory
    let subdirectory: String

    var mails: [Mail] {
        get throws {
            try directory.names(in: subdirectory).filter { !$0.hasPrefix(".") }.map {
                Mail(file: $0, text: try directory.text("\(subdirectory)/\($0)"))
            }
        }
    }

    /// The mails to one address.
    func mails(to address: String) throws -> [Mail] { try mails.filter { $0["To"] == address } }
}

/// One mail.
struct Mail: Sendable {
    let file: String
    let text: String

    /// A header's value.
    subscript(header: String) -> String? {
        text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
            .prefix { !$0.isEmpty }
            .first { $0.lowercased().hasPrefix("\(header.lowercased()): ") }
            .map { String($0.dropFirst(header.count + 2)) }
    }
}

extension RunningSystem {
    var mailbox: Mailbox { Mailbox(directory: directory, subdirectory: "mail") }
}
