public import Foundation

/// The text form of a UUID (RFC 9562, section 4) by arithmetic: Foundation's goes through
/// `sprintf` and `sscanf`, and every event and row has several.
extension UUID {
    /// 36 characters, in lower case.
    public var lowercasedText: String {
        String(unsafeUninitializedCapacity: Self.textByteCount) { text in
            write(to: text)
            return Self.textByteCount
        }
    }

    /// The length of the text form.
    package static let textByteCount = 36

    /// Writes the text form, in lower case, to a buffer that has room for it.
    package func write(to text: UnsafeMutableBufferPointer<UInt8>) {
        var place = 0
        withUnsafeBytes(of: uuid) { bytes in
            for (index, byte) in bytes.enumerated() {
                if index == 4 || index == 6 || index == 8 || index == 10 {
                    text[place] = UInt8(ascii: "-")
                    place += 1
                }
                text[place] = Hexadecimal.digit(byte >> 4)
                text[place + 1] = Hexadecimal.digit(byte & 15)
                place += 2
            }
        }
    }

    /// Reads the text form in upper or lower case; `nil` for anything else.
    public init?(text: String) {
        var text = text
        guard let uuid = text.withUTF8({ Self.uuid($0) }) else { return nil }
        self.init(uuid: uuid)
    }

    private static func uuid(_ text: UnsafeBufferPointer<UInt8>) -> uuid_t? {
        guard text.count == 36 else { return nil }
        var uuid: uuid_t = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
        let isWhole = withUnsafeMutableBytes(of: &uuid) { bytes in
            var place = 0
            for index in 0..<16 {
                if index == 4 || index == 6 || index == 8 || index == 10 {
                    guard text[place] == UInt8(ascii: "-") else { return false }
                    place += 1
                }
                guard let high = Hexadecimal.value(text[place]),
                    let low = Hexadecimal.value(text[place + 1])
                else { return false }
                bytes[index] = high << 4 | low
                place += 2
            }
            return true
        }
        return isWhole ? uuid : nil
    }
}
