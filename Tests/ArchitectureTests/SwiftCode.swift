/// Swift source with everything blanked that is no code: comments and the texts of strings.
///
/// Line breaks stay, so that line numbers do. What stands in `\( )` inside a string is code and
/// stays too. Regex literals are not understood; a quote in one confuses the rest of its line.
struct SwiftCode {
    private let bytes: [UInt8]
    private var output: [UInt8]
    private var position = 0

    /// The code of a source text.
    static func code(of source: String) -> String {
        var code = SwiftCode(source)
        code.readCode(untilParenthesis: false)
        return String(decoding: code.output, as: UTF8.self)
    }

    private init(_ source: String) {
        bytes = Array(source.utf8)
        output = []
        output.reserveCapacity(bytes.count)
    }

    /// Reads code to the end, or to the parenthesis that closes an interpolation.
    private mutating func readCode(untilParenthesis isInterpolation: Bool) {
        var depth = 0
        while position < bytes.count {
            if starts("//") {
                readLineComment()
            } else if starts("/*") {
                readBlockComment()
            } else if let hashCount = hashCountOfString() {
                readString(hashCount: hashCount)
            } else if bytes[position] == UInt8(ascii: "`") {
                readRawIdentifier()
            } else {
                if bytes[position] == UInt8(ascii: "(") { depth += 1 }
                if bytes[position] == UInt8(ascii: ")") {
                    if isInterpolation, depth == 0 { return }
                    depth -= 1
                }
                keep()
            }
        }
    }

    private mutating func readLineComment() {
        while position < bytes.count, !isLineEnd { blank() }
    }

    /// Block comments nest in Swift.
    private mutating func readBlockComment() {
        var depth = 0
        repeat {
            if starts("/*") {
                depth += 1
                blank(2)
            } else if starts("*/") {
                depth -= 1
                blank(2)
            } else {
                blank()
            }
        } while depth > 0 && position < bytes.count
    }

    /// A name in backticks, which may hold quotes and slashes; it is code.
    private mutating func readRawIdentifier() {
        repeat {
            keep()
        } while position < bytes.count && !isLineEnd
            && bytes[position] != UInt8(ascii: "`")
        if position < bytes.count { keep() }
    }

    /// The number of `#` before the quote of a string that starts here.
    private func hashCountOfString() -> Int? {
        var quote = position
        while quote < bytes.count, bytes[quote] == UInt8(ascii: "#") { quote += 1 }
        guard quote < bytes.count, bytes[quote] == UInt8(ascii: "\"") else { return nil }
        return quote - position
    }

    private mutating func readString(hashCount: Int) {
        let hashes = String(repeating: "#", count: hashCount)
        blank(hashCount)
        let isMultiline = starts("\"\"\"")
        let quote = isMultiline ? "\"\"\"" : "\""
        blank(quote.utf8.count)
        while position < bytes.count {
            if starts(quote + hashes) {
                blank(quote.utf8.count + hashCount)
                return
            } else if starts("\\" + hashes + "(") {
                blank(hashCount + 2)
                readCode(untilParenthesis: true)
                if position < bytes.count { blank() }
            } else if starts("\\" + hashes) {
                blank(hashCount + 2)
            } else if isLineEnd, !isMultiline {
                return
            } else {
                blank()
            }
        }
    }

    private var isLineEnd: Bool { bytes[position] == UInt8(ascii: "\n") }

    private func starts(_ text: String) -> Bool {
        var index = position
        for byte in text.utf8 {
            guard index < bytes.count, bytes[index] == byte else { return false }
            index += 1
        }
        return true
    }

    private mutating func keep() {
        output.append(bytes[position])
        position += 1
    }

    private mutating func blank(_ count: Int = 1) {
        for _ in 0..<count where position < bytes.count {
            output.append(isLineEnd ? UInt8(ascii: "\n") : UInt8(ascii: " "))
            position += 1
        }
    }
}
