import Foundation

/// Where a process answers: scheme, name or address, and port, without a path.
public struct UpstreamURL: Sendable, Hashable, CustomStringConvertible {
    /// `http://user:8080`, as requests for it begin.
    public let description: String
    /// The name or address alone.
    let host: String
    let scheme: String

    /// What ``init(_:)`` takes, for messages.
    public static let allowed = "http://HOST[:PORT] or https://HOST[:PORT]"

    /// Reads ``allowed``; a slash at the end is no path.
    public init?(_ text: String) {
        guard let parts = URLComponents(string: text), let scheme = parts.scheme?.lowercased(),
            ["http", "https"].contains(scheme), let host = parts.host, !host.isEmpty,
            ["", "/"].contains(parts.path), parts.user == nil, parts.query == nil,
            parts.fragment == nil, (1...65_535).contains(parts.port ?? 80)
        else { return nil }
        self.scheme = scheme
        self.host = host
        description = "\(scheme)://\(host)" + (parts.port.map { ":\($0)" } ?? "")
    }
}
