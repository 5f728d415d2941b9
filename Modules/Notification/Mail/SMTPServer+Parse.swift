import Foundation

extension SMTPServer {
    /// Parses what follows `smtp:` or `smtps:`.
    init(parsing rest: Substring, isImplicit: Bool) throws(MailURLError) {
        guard rest.hasPrefix("//") else { throw .missingHost }
        let rest = rest.dropFirst(2)
        let authority = rest.prefix { !"/?#".contains($0) }
        let tail = rest[authority.endIndex...]
        let path = tail.prefix { $0 != "?" }
        guard path.isEmpty || path == "/" else { throw .path }
        let options = try Self.options(tail[path.endIndex...].dropFirst())

        // The last `@`, so that a password with a bare `@` does not end up as a host name.
        let at = authority.lastIndex(of: "@")
        credentials = try at.map { index throws(MailURLError) in
            try Self.credentials(authority[..<index])
        }
        let place = at.map { authority[$0...].dropFirst() } ?? authority
        host = try Self.host(place)
        port = try Self.port(place) ?? (isImplicit ? 465 : 587)
        caPath = options["ca"]

        let isLocal = Self.isLoopback(host)
        if isImplicit {
            guard options["tls"] == nil else { throw .badTLS }
            security = .implicit
        } else if let tls = options["tls"] {
            guard let named = Security(rawValue: tls), named != .implicit else { throw .badTLS }
            guard credentials == nil || named == .required || isLocal else {
                throw .credentialsInClear
            }
            security = named
        } else {
            security = credentials == nil && isLocal ? .opportunistic : .required
        }
    }

    /// The host as a URL writes it.
    var bracketedHost: String { host.contains(":") ? "[\(host)]" : host }

    private static func options(_ query: Substring) throws(MailURLError) -> [String: String] {
        var options: [String: String] = [:]
        for pair in query.split(separator: "&") {
            let name = String(pair.prefix { $0 != "=" })
            let value = pair.dropFirst(name.count + 1)
            guard ["tls", "ca"].contains(name) else { throw .unknownOption }
            guard options[name] == nil else { throw .repeatedOption }
            let decoded = value.removingPercentEncoding ?? ""
            guard name != "ca" || (!decoded.isEmpty && !decoded.hasControlCharacters) else {
                throw .missingCA
            }
            options[name] = decoded
        }
        return options
    }

    private static func credentials(_ info: Substring) throws(MailURLError) -> Credentials {
        let user = info.prefix { $0 != ":" }
        let password = info[user.endIndex...].dropFirst()
        guard let user = decoded(user), let password = decoded(password) else {
            throw .badCredentials
        }
        return Credentials(user: user, password: password)
    }

    private static func decoded(_ part: Substring) -> String? {
        guard let text = part.removingPercentEncoding, !text.isEmpty, !text.hasControlCharacters
        else { return nil }
        return text
    }

    private static func host(_ place: Substring) throws(MailURLError) -> String {
        if place.hasPrefix("[") {
            let address = place.dropFirst().prefix { $0 != "]" }
            guard address.endIndex != place.endIndex, address.contains(":"),
                address.utf8.allSatisfy({ $0.isASCIIHexDigit || ":.".utf8.contains($0) })
            else { throw .badHost }
            return String(address)
        }
        let name = place.prefix { $0 != ":" }
        guard !name.isEmpty else { throw .missingHost }
        guard name.utf8.first != UInt8(ascii: "-"), name.utf8.count <= 253,
            name.utf8.allSatisfy({ $0.isASCIIAlphanumeric || "-._".utf8.contains($0) })
        else { throw .badHost }
        return String(name)
    }

    private static func port(_ place: Substring) throws(MailURLError) -> Int? {
        let tail =
            place.hasPrefix("[")
            ? place.drop { $0 != "]" }.dropFirst() : place.drop { $0 != ":" }
        guard !tail.isEmpty else { return nil }
        let digits = tail.dropFirst()
        guard tail.first == ":", digits.utf8.allSatisfy(\.isASCIIDigit), let port = Int(digits),
            (1...65_535).contains(port)
        else { throw .badPort }
        return port
    }
}
