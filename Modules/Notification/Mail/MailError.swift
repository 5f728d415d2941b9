/// Why a mail did not go out.
///
/// A reply of the server travels as its bare code: its text, the addresses and the credentials
/// never do, so an error may be logged as it is.
enum MailError: Error, Equatable {
    /// A part of the mail was refused before anything was sent.
    case unfit(MailPart)
    /// The server answered with an SMTP error reply, 400 to 599 (RFC 5321, section 4.2.1).
    case refused(reply: Int)
    /// The server offers no way to log in that libcurl knows.
    case loginImpossible
    /// The name did not resolve or nobody listens.
    case unreachable
    /// Connecting, or the whole dialogue, took longer than allowed.
    case timedOut
    /// TLS was required and not offered, or the certificate is not trusted.
    case untrusted
    /// The dialogue broke off; `code` is libcurl's `CURLcode`.
    case brokenOff(code: Int)
    /// The directory refused the file; `code` is the `errno`.
    case unwritable(code: Int32)

    /// Whether sending the same mail again cannot succeed.
    ///
    /// Only what concerns this mail or this login is permanent. A certificate or a full disk is
    /// mended by someone else while the mail waits.
    var isPermanent: Bool {
        switch self {
        case .unfit, .loginImpossible: true
        case .refused(let reply): reply >= 500
        case .unreachable, .timedOut, .untrusted, .brokenOff, .unwritable: false
        }
    }
}

/// The parts of a mail that can be refused.
enum MailPart: String, Sendable {
    case id, address, name, subject
}

extension MailError: CustomStringConvertible {
    var description: String {
        switch self {
        case .unfit(let part): "mail refused: its \(part.rawValue) is not fit to send"
        case .refused(let reply): "mail refused by the server: reply \(reply)"
        case .loginImpossible: "mail not sent: no common way to log in"
        case .unreachable: "mail not sent: server unreachable"
        case .timedOut: "mail not sent: timed out"
        case .untrusted: "mail not sent: no trusted TLS connection"
        case .brokenOff(let code): "mail not sent: dialogue broke off (curl \(code))"
        case .unwritable(let code): "mail not written: errno \(code)"
        }
    }
}
