/// Addresses of clients, taken together where they belong together.
public enum ClientAddress {
    /// What limits count: an IPv4 address, also where it is written as IPv6, or the /64 that a
    /// subscriber has whole. Clients without an address are one.
    public static func network(of address: String?) -> String {
        guard let address else { return "unknown" }
        let plain = unmapped(address)
        guard plain.contains(":") else { return plain }
        return prefix(of: plain, groupCount: 4)
    }

    /// What logs show: a network and not a person, /24 and /48.
    static func truncated(_ address: String?) -> String {
        guard let address else { return "" }
        let plain = unmapped(address)
        let bytes = plain.split(separator: ".")
        if bytes.count == 4 { return bytes.prefix(3).joined(separator: ".") + ".0" }
        return prefix(of: plain, groupCount: 3)
    }

    private static func unmapped(_ address: String) -> String {
        let text = address.lowercased()
        return text.hasPrefix("::ffff:") && text.contains(".") ? String(text.dropFirst(7)) : text
    }

    private static func prefix(of address: String, groupCount: Int) -> String {
        let groups = address.split(separator: ":", omittingEmptySubsequences: false)
        return groups.prefix { !$0.isEmpty }.prefix(groupCount).joined(separator: ":") + "::"
    }
}
