/// A list of entity tags, as `If-Match` and `If-None-Match` have it (RFC 9110, section 8.8.3).
struct EntityTags {
    /// The tags with their quotes and without the mark of weakness.
    let opaque: Set<String>
    /// Whether one of them was marked as weak: `W/"v7"`.
    let isAnyWeak: Bool

    /// Reads `"v7", W/"v8"`; `nil` when it is no such list.
    init?(_ text: String) {
        var rest = text.utf8[...]
        var opaque: Set<String> = []
        var isAnyWeak = false
        while true {
            rest = rest.drop(while: Self.isBlank)
            if rest.starts(with: "W/".utf8) {
                isAnyWeak = true
                rest = rest.dropFirst(2)
            }
            guard rest.first == UInt8(ascii: "\"") else { return nil }
            // A tag may have a comma within.
            let inner = rest.dropFirst().prefix(while: Self.isTagCharacter)
            guard inner.endIndex < rest.endIndex, rest[inner.endIndex] == UInt8(ascii: "\"") else {
                return nil
            }
            opaque.insert("\"\(Substring(inner))\"")
            rest = rest[rest.index(after: inner.endIndex)...].drop(while: Self.isBlank)
            guard let separator = rest.popFirst() else { break }
            guard separator == UInt8(ascii: ",") else { return nil }
        }
        self.opaque = opaque
        self.isAnyWeak = isAnyWeak
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t")
    }

    private static func isTagCharacter(_ byte: UInt8) -> Bool {
        byte == 0x21 || (0x23...0x7E).contains(byte) || byte >= 0x80
    }
}
