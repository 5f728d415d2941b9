package import Foundation

extension Data {
    /// RFC 4648, section 5, without padding.
    package var base64URLEncoded: String {
        base64EncodedString().replacing("+", with: "-").replacing("/", with: "_")
            .replacing("=", with: "")
    }

    /// Reads RFC 4648, section 5, without padding.
    package init?(base64URLEncoded text: String) {
        guard !text.contains(where: { $0 == "+" || $0 == "/" || $0 == "=" }) else { return nil }
        let padding = String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
        self.init(
            base64Encoded: text.replacing("-", with: "+").replacing("_", with: "/") + padding)
    }
}

extension Sequence<UInt8> {
    /// Two lower-case digits a byte.
    package var hexEncoded: String { map { String(format: "%02x", $0) }.joined() }
}
