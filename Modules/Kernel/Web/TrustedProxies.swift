import Foundation

/// The proxies whose word about a client's address is taken: addresses and CIDR ranges.
///
/// Anybody can send `X-Forwarded-For`, so without this list the peer of the connection counts.
public struct TrustedProxies: Sendable, Hashable {
    /// Nobody is trusted.
    public static let none = TrustedProxies(ranges: [])

    private let ranges: [AddressRange]

    private init(ranges: [AddressRange]) { self.ranges = ranges }

    /// Reads `10.0.0.0/8, fd00::/8, 192.0.2.7`; `nil` when a part is none of these.
    public init?(_ text: String) {
        var ranges: [AddressRange] = []
        for part in text.split(separator: ",") {
            guard let range = AddressRange(part.trimmingCharacters(in: .whitespaces)) else {
                return nil
            }
            ranges.append(range)
        }
        self.init(ranges: ranges)
    }

    /// Whether the peer of a connection is one of them.
    package func contains(_ address: String?) -> Bool {
        guard !ranges.isEmpty, let address = address.flatMap({ IPAddress($0) }) else {
            return false
        }
        return contains(address)
    }

    /// Who made a request: read from the peer backwards, the first that is not trusted.
    ///
    /// - Parameter forwardedFor: the values of `X-Forwarded-For`, in their order.
    func client(peer: String?, forwardedFor: [String]) -> String? {
        guard contains(peer) else { return peer }
        var client = peer
        for entry in forwardedFor.joined(separator: ",").split(separator: ",").reversed() {
            // What is no address was not written by a proxy of ours; what lies beyond is worth
            // as little.
            guard let address = IPAddress(entry.trimmingCharacters(in: .whitespaces)) else {
                return client
            }
            client = address.description
            if !contains(address) { return client }
        }
        return client
    }

    private func contains(_ address: IPAddress) -> Bool {
        ranges.contains { $0.contains(address) }
    }
}

/// `10.0.0.0/8`; an address alone is a range of one.
private struct AddressRange: Sendable, Hashable {
    private let base: IPAddress
    private let bitCount: Int

    init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let base = IPAddress(String(first)) else { return nil }
        let bitCountMax = base.bytes.count * 8
        guard let bitCount = parts.count == 2 ? Int(parts[1]) : bitCountMax,
            (0...bitCountMax).contains(bitCount)
        else { return nil }
        self.base = base
        self.bitCount = bitCount
    }

    func contains(_ address: IPAddress) -> Bool {
        guard address.bytes.count == base.bytes.count else { return false }
        return zip(base.bytes, address.bytes).enumerated().allSatisfy { index, pair in
            let bits = min(max(bitCount - index * 8, 0), 8)
            let mask = bits == 0 ? 0 : UInt8.max << (8 - bits)
            return pair.0 & mask == pair.1 & mask
        }
    }
}

/// An IPv4 or IPv6 address; an IPv4 one that is written as IPv6 (`::ffff:192.0.2.7`) is IPv4.
private struct IPAddress: Sendable, Hashable, CustomStringConvertible {
    let bytes: [UInt8]
    let description: String

    init?(_ text: String) {
        let plain = text.lowercased().hasPrefix("::ffff:") ? String(text.dropFirst(7)) : text
        if let bytes = Self.bytes(of: plain, family: AF_INET, count: 4) {
            (self.bytes, description) = (bytes, plain)
        } else if let bytes = Self.bytes(of: text, family: AF_INET6, count: 16) {
            (self.bytes, description) = (bytes, text)
        } else {
            return nil
        }
    }

    private static func bytes(of text: String, family: Int32, count: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        return inet_pton(family, text, &bytes) == 1 ? bytes : nil
    }
}
