import CPostgres
import Foundation

/// Where a PostgreSQL database is, as a libpq connection URI says it.
///
/// `postgres://user@host:port/db?sslmode=verify-full`, with every parameter that libpq knows
/// (https://www.postgresql.org/docs/15/libpq-connect.html#LIBPQ-PARAMKEYWORDS), and with
/// `passwordFile=PATH`: a file that holds the password alone, read anew for each connection.
public struct PostgresURL: Sendable, Hashable, CustomStringConvertible {
    /// Without `passwordFile`.
    let uri: String
    /// The file that holds the password, if there is one.
    let passwordFile: String?
    /// Host, port and database, for people: no user, no password.
    public let description: String

    /// Parses a URI; `nil` when libpq would refuse it.
    public init?(_ text: String) {
        guard ["postgres://", "postgresql://"].contains(where: text.hasPrefix) else { return nil }
        let (uri, passwordFile) = Self.takingPasswordFile(from: text)
        guard let options = Self.options(of: uri) else { return nil }
        if let passwordFile, passwordFile.isEmpty { return nil }
        self.uri = uri
        self.passwordFile = passwordFile
        let ports = (options["port"] ?? "").split(separator: ",")
        guard ports.allSatisfy({ UInt16($0) != nil }) else { return nil }
        // A password's own "@" has to be written %40; what follows it is not to be shown as a host.
        guard options["host"]?.contains("@") != true else { return nil }
        let host = options["host"] ?? options["hostaddr"] ?? "localhost"
        description =
            "postgres://\(host):\(options["port"] ?? "5432")/\(options["dbname"] ?? "")"
    }

    /// The same server, database and parameters for another user.
    ///
    /// - Parameter password: none when the server lets the user in without.
    public func with(user: String, password: String? = nil) -> PostgresURL? {
        guard var components = URLComponents(string: uri) else { return nil }
        components.user = user
        components.password = password
        return components.string.flatMap { PostgresURL($0) }
    }

    /// The password as the file has it now, without the line break at its end.
    ///
    /// - Throws: ``StorageError`` of kind `unavailable` when it can't be read.
    package func password() throws -> String? {
        guard let passwordFile else { return nil }
        guard let text = try? String(contentsOfFile: passwordFile, encoding: .utf8) else {
            throw StorageError(
                kind: .unavailable, code: "passwordFile", detail: "can't read \(passwordFile)")
        }
        // A line may end as on Windows, too: one character in Swift.
        return text.last?.isNewline == true ? String(text.dropLast()) : text
    }

    private static func takingPasswordFile(from text: String) -> (String, String?) {
        guard let question = text.firstIndex(of: "?") else { return (text, nil) }
        var passwordFile: String?
        let others = text[text.index(after: question)...].split(separator: "&")
            .filter { item in
                guard item.hasPrefix("passwordFile=") else { return true }
                passwordFile = String(item.dropFirst("passwordFile=".count)).removingPercentEncoding
                return false
            }
        let rest = others.isEmpty ? "" : "?" + others.joined(separator: "&")
        return (text[..<question] + rest, passwordFile)
    }

    private static func options(of uri: String) -> [String: String]? {
        var message: UnsafeMutablePointer<CChar>?
        guard let list = PQconninfoParse(uri, &message) else {
            PQfreemem(message)
            return nil
        }
        defer { PQconninfoFree(list) }
        var options: [String: String] = [:]
        var entry = list
        while let keyword = entry.pointee.keyword {
            if let value = entry.pointee.val {
                options[String(cString: keyword)] = String(cString: value)
            }
            entry += 1
        }
        return options
    }
}
