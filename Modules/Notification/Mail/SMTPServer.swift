/// The mail server a `mail.url` names, and how far it is trusted.
struct SMTPServer: Sendable, Equatable {
    /// A host name or address; an IPv6 address without its brackets.
    let host: String
    let port: Int
    let credentials: Credentials?
    let security: Security
    /// A file of certificates to trust instead of the system's.
    let caPath: String?

    enum Security: String, Sendable {
        /// `smtps:`, TLS from the first byte (RFC 8314).
        case implicit
        /// STARTTLS, or no mail.
        case required
        /// STARTTLS when the server offers it; the certificate is still verified.
        case opportunistic
        /// Never TLS.
        case none
    }

    /// What logs in. Prints as nothing: not by interpolation, `dump`, nor a debugger's mirror.
    struct Credentials: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
        let user: String
        let password: String

        var description: String { "(hidden)" }
        var customMirror: Mirror { Mirror(self, children: []) }
    }

    /// Whether what is sent there stays on this machine: `localhost`, `127.0.0.0/8`, `::1`.
    static func isLoopback(_ host: String) -> Bool {
        let host = host.lowercased()
        if host == "localhost" || host.hasSuffix(".localhost") || host == "::1" { return true }
        // All four numbers, for `127.example.com` is somebody's name.
        let numbers = host.split(separator: ".", omittingEmptySubsequences: false)
        return numbers.count == 4 && numbers[0] == "127"
            && numbers.allSatisfy { $0.utf8.allSatisfy(\.isASCIIDigit) && UInt8($0) != nil }
    }
}
