internal import Logging

/// A record as one JSON object of bounded length.
enum JSONLine {
    /// Space kept for `,"truncated":true}` and the line break.
    private static let tailByteCount = 24
    /// What a long message gives up for the fields after it, and they for it.
    private static let messageByteCountMin = 8 << 10
    /// Longer identities are not ours; they are cut so that the others survive.
    private static let identityByteCountMax = 256

    static func render(_ record: LogRecord) -> [UInt8] {
        var isTruncated = false
        var head: [UInt8] = [UInt8(ascii: "{")]
        for (index, (key, text)) in resource(record).enumerated() {
            if index > 0 { head.append(UInt8(ascii: ",")) }
            head += member(key, .text(text), byteCountMax: identityByteCountMax, &isTruncated) ?? []
        }
        var identity: [UInt8] = []
        for (key, value) in record.identity {
            if let member = member(key, value, byteCountMax: identityByteCountMax, &isTruncated) {
                identity += [UInt8(ascii: ",")] + member
            }
        }
        var space = LogRecord.byteCountMax - head.count - identity.count - tailByteCount
        let messageByteCount = JSONText.escaped(record.message).count + #","message":"""#.utf8.count
        var fields: [UInt8] = []
        let fieldSpace = space - min(messageByteCount, messageByteCountMin)
        for (key, value) in record.fields {
            let rest = fieldSpace - fields.count - 1
            if let member = member(key, value, byteCountMax: rest, &isTruncated) {
                fields += [UInt8(ascii: ",")] + member
            }
        }
        space -= fields.count + 1
        let message =
            member("message", .text(record.message), byteCountMax: space, &isTruncated) ?? []
        var line = head + [UInt8(ascii: ",")] + message + identity + fields
        if isTruncated { line += #","truncated":true"#.utf8 }
        return line + [UInt8(ascii: "}"), 0x0a]
    }

    private static func resource(_ record: LogRecord) -> [(String, String)] {
        [
            ("timestamp", Timestamp.text(record.date)),
            ("level", record.level.rawValue),
            ("serviceName", record.serviceName),
            ("version", record.version),
            ("env", record.environment),
            ("module", record.module),
        ]
    }

    /// `"key":value` within the limit: text is cut to fit, anything else is left out.
    private static func member(
        _ key: String, _ value: LogValue, byteCountMax: Int, _ isTruncated: inout Bool
    ) -> [UInt8]? {
        let name = JSONText.quoted(key) + [UInt8(ascii: ":")]
        let encoded = JSONText.encoded(value)
        if name.count + encoded.count <= byteCountMax { return name + encoded }
        isTruncated = true
        let space = byteCountMax - name.count - 2
        guard case .text(let text) = value, space >= LogRecord.truncationMark.utf8.count else {
            return nil
        }
        let cut = JSONText.truncated(text, byteCountMax: space)
        return name + [JSONText.quote] + cut + [JSONText.quote]
    }
}
