internal import Events
internal import Logging

/// A record as one readable line for a terminal.
enum PrettyLine {
    static func render(_ record: LogRecord) -> [UInt8] {
        let level = record.level.rawValue.uppercased()
        let padding = String(repeating: " ", count: max(0, 8 - level.count))
        var line = Array("\(FlotillaJSON.rfc3339(record.date)) ".utf8)
        line += Array("\(colour(record.level))\(level)\u{1b}[0m\(padding) ".utf8)
        line += JSONText.escaped("[\(record.module)] \(record.message)")
        for (key, value) in record.identity + record.fields {
            line += [UInt8(ascii: " ")] + JSONText.escaped(key) + [UInt8(ascii: "=")]
            line += plain(value)
        }
        if line.count >= LogRecord.byteCountMax { line = cut(line) }
        return line + [0x0a]
    }

    /// One word goes without quotes.
    private static func plain(_ value: LogValue) -> [UInt8] {
        if case .text(let text) = value, !text.isEmpty, !text.contains(where: { $0 == " " }) {
            return JSONText.escaped(text)
        }
        return JSONText.encoded(value)
    }

    /// Cuts between characters and ends in the mark.
    private static func cut(_ line: [UInt8]) -> [UInt8] {
        let mark = Array(LogRecord.truncationMark.utf8)
        var end = LogRecord.byteCountMax - mark.count - 1
        while end > 0, line[end] & 0xc0 == 0x80 { end -= 1 }
        return line[..<end] + mark
    }

    private static func colour(_ level: Logger.Level) -> String {
        switch level {
        case .trace, .debug: "\u{1b}[2m"
        case .info, .notice: "\u{1b}[32m"
        case .warning: "\u{1b}[33m"
        case .error, .critical: "\u{1b}[31m"
        }
    }
}
