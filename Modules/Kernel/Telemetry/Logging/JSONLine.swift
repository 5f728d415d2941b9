internal import Events
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
        var line: [UInt8] = []
        line.reserveCapacity(1_024)
        line.append(UInt8(ascii: "{"))
        for (key, text) in resource(record) {
            append(key, .text(text), to: &line, upTo: identityByteCountMax, &isTruncated)
        }
        // The message stands before what has to leave room for it.
        var rest: [UInt8] = []
        rest.reserveCapacity(512)
        for (key, value) in record.identity {
            append(key, value, to: &rest, upTo: identityByteCountMax, &isTruncated)
        }
        let message = JSONText.escaped(record.message)
        let messageByteCount = message.count + #","message":"""#.utf8.count
        let space = LogRecord.byteCountMax - line.count - tailByteCount
        let fieldsEnd = space - min(messageByteCount, messageByteCountMin)
        for (key, value) in record.fields {
            append(key, value, to: &rest, upTo: fieldsEnd - rest.count - 1, &isTruncated)
        }
        append(
            "message", .text(record.message), to: &line, upTo: space - rest.count - 1,
            &isTruncated)
        line += rest
        if isTruncated { line += #","truncated":true"#.utf8 }
        line.append(UInt8(ascii: "}"))
        line.append(0x0a)
        return line
    }

    private static func resource(_ record: LogRecord) -> [(String, String)] {
        [
            ("timestamp", FlotillaJSON.rfc3339(record.date)),
            ("level", record.level.rawValue),
            ("serviceName", record.serviceName),
            ("version", record.version),
            ("env", record.environment),
            ("module", record.module),
        ]
    }

    /// Adds `,"key":value` within the limit, which the comma does not count for: text is cut to
    /// fit, anything else is left out.
    private static func append(
        _ key: String, _ value: LogValue, to line: inout [UInt8], upTo byteCountMax: Int,
        _ isTruncated: inout Bool
    ) {
        let before = line.count
        if line != [UInt8(ascii: "{")] { line.append(UInt8(ascii: ",")) }
        let start = line.count
        JSONText.append(quoted: key, to: &line)
        line.append(UInt8(ascii: ":"))
        let nameByteCount = line.count - start
        JSONText.append(value, to: &line)
        if line.count - start <= byteCountMax { return }
        isTruncated = true
        let space = byteCountMax - nameByteCount - 2
        guard case .text(let text) = value, space >= LogRecord.truncationMark.utf8.count else {
            line.removeLast(line.count - before)
            return
        }
        line.removeLast(line.count - start - nameByteCount)
        line.append(JSONText.quote)
        line += JSONText.truncated(text, byteCountMax: space)
        line.append(JSONText.quote)
    }
}
