/// A mail transport, as `mail.url` names it.
///
/// - `file:DIR` writes every mail into a directory; `DIR` is taken literally.
/// - `smtp://[user:password@]host[:port]` speaks STARTTLS; the port is 587 unless given.
/// - `smtps://[user:password@]host[:port]` speaks TLS from the start; the port is 465 unless given.
///
/// User and password are percent-encoded. Two options may follow a server:
///
/// - `?tls=required|opportunistic|none` (`smtp:` only). The default is `required`, because whoever
///   sits between can delete the offer of STARTTLS and read mail and password. Without credentials
///   on a loopback address it is `opportunistic`, because a development mail catcher seldom has a
///   certificate and nobody sits between. Credentials that would cross a network are refused
///   with less than `required`. A certificate is verified whenever TLS is spoken.
/// - `?ca=PATH`: certificates to trust instead of the system's, for a server with an authority of
///   its own.
struct MailURL: Sendable, Equatable {
    let place: Place

    enum Place: Sendable, Equatable {
        case directory(String)
        case server(SMTPServer)
    }

    /// - Throws: ``MailURLError``, which names the part that is wrong and repeats nothing of it.
    init(_ text: String) throws(MailURLError) {
        guard !text.hasControlCharacters else { throw .controlCharacter }
        let scheme = text.prefix { $0 != ":" }
        guard scheme.endIndex != text.endIndex else { throw .badScheme }
        let rest = text[scheme.endIndex...].dropFirst()
        switch scheme.lowercased() {
        case "file": place = .directory(try Self.directory(rest))
        case "smtp": place = .server(try SMTPServer(parsing: rest, isImplicit: false))
        case "smtps": place = .server(try SMTPServer(parsing: rest, isImplicit: true))
        default: throw .badScheme
        }
    }

    private static func directory(_ rest: Substring) throws(MailURLError) -> String {
        guard !rest.isEmpty else { throw .missingDirectory }
        guard rest.hasPrefix("//") else { return String(rest) }
        let path = rest.dropFirst(2)
        guard path.hasPrefix("/") else { throw .directoryOnHost }
        return String(path)
    }
}

extension MailURL: CustomStringConvertible {
    /// The place without user or password; it does not parse back.
    var description: String {
        switch place {
        case .directory(let path): "file:\(path)"
        case .server(let server):
            "\(server.security == .implicit ? "smtps" : "smtp")://"
                + (server.credentials == nil ? "" : "***@")
                + "\(server.bracketedHost):\(server.port)"
                + (server.security == .implicit ? "" : "?tls=\(server.security.rawValue)")
        }
    }
}

/// What is wrong with a `mail.url`.
enum MailURLError: Error, Equatable {
    case badScheme, controlCharacter, missingDirectory, directoryOnHost
    case missingHost, badHost, badPort, badCredentials, path
    case unknownOption, repeatedOption, badTLS, missingCA, credentialsInClear
}

extension MailURLError: CustomStringConvertible {
    var description: String {
        switch self {
        case .badScheme: "mail.url starts with file:, smtp:// or smtps://"
        case .controlCharacter: "mail.url holds a control character"
        case .missingDirectory: "mail.url names no directory after file:"
        case .directoryOnHost: "mail.url names a file on a host: write file:DIR or file:///DIR"
        case .missingHost: "mail.url names no host"
        case .badHost: "mail.url has a host that is no name (ASCII, xn-- for others) or address"
        case .badPort: "mail.url has a port outside 1 to 65535"
        case .badCredentials: "mail.url has credentials that are not user:password, %-encoded"
        case .path: "mail.url has a path after the host"
        case .unknownOption: "mail.url has an option other than tls and ca"
        case .repeatedOption: "mail.url has the same option twice"
        case .badTLS: "mail.url: tls is required, opportunistic or none, and for smtp:// only"
        case .missingCA: "mail.url names no file after ca="
        case .credentialsInClear: "mail.url: credentials off this machine need tls=required"
        }
    }
}
