import Foundation

/// The sites whose pages may read answers (https://fetch.spec.whatwg.org, section 3.3).
///
/// Each is named exactly: no wildcard, and not the `null` that any sandboxed page can send.
public struct CORSOrigins: Sendable, Hashable {
    /// Nobody's pages.
    public static let none = CORSOrigins(origins: [])

    private let origins: Set<String>

    private init(origins: Set<String>) { self.origins = origins }

    /// Reads `https://shop.example, http://localhost:3000`; `nil` when a part is not written as
    /// browsers write origins.
    public init?(_ text: String) {
        let parts = text.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        guard parts.allSatisfy(Self.isOrigin) else { return nil }
        origins = Set(parts)
    }

    var isEmpty: Bool { origins.isEmpty }

    func contains(_ origin: String) -> Bool { origins.contains(origin) }

    /// RFC 6454, section 6.2: lower case, no path, and no port where it is the scheme's own.
    private static func isOrigin(_ text: String) -> Bool {
        let pattern = /(https?):\/\/(?:[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])(?::([0-9]+))?/
        guard let match = text.wholeMatch(of: pattern) else { return false }
        guard let port = match.2 else { return true }
        guard let number = UInt16(port), number != 0, String(number) == port else { return false }
        return number != (match.1 == "https" ? 443 : 80)
    }
}
