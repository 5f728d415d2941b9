import Foundation

/// What texts may have that people read.
enum Prose {
    /// No control characters at all, line breaks included.
    static func isOneLine(_ text: String) -> Bool {
        !text.unicodeScalars.contains(where: isControl)
    }

    /// No control characters but line feeds and tabs.
    static func isFine(_ text: String) -> Bool {
        !text.unicodeScalars.contains { $0 != "\n" && $0 != "\t" && isControl($0) }
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        [.control, .lineSeparator, .paragraphSeparator]
            .contains(scalar.properties.generalCategory)
            || (0x202A...0x202E).contains(scalar.value)
            || (0x2066...0x2069).contains(scalar.value)
            || [0x200B, 0xFEFF].contains(scalar.value)
            || (0xE0000...0xE007F).contains(scalar.value)
    }
}
