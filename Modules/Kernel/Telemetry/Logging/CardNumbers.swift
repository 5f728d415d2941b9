/// Finds payment card numbers: 13 to 19 digits of a card network with a valid check digit.
package enum CardNumbers {
    /// Digits may stand together or in groups parted by one space or hyphen.
    ///
    /// Ranges may overlap: after digits that belong to something else a number can begin at any
    /// group, and only redacting every candidate is sure to cover the right one.
    package static func ranges(in bytes: [UInt8]) -> [Range<Int>] {
        bytes.indices.compactMap { index in
            guard isDigit(bytes[index]), index == 0 || !isDigit(bytes[index - 1]),
                let end = end(of: bytes, from: index), !isInsideHexID(bytes, index..<end)
            else { return nil }
            return index..<end
        }
    }

    /// The end of the longest card number that starts here.
    private static func end(of bytes: [UInt8], from start: Int) -> Int? {
        var digits: [UInt8] = []
        var index = start
        var best: Int?
        while index < bytes.count, digits.count <= 19 {
            if isDigit(bytes[index]) {
                digits.append(bytes[index] - UInt8(ascii: "0"))
                index += 1
                let endsGroup = index == bytes.count || !isDigit(bytes[index])
                if endsGroup, isCard(digits),
                    index - start == digits.count || isApart(bytes, start..<index)
                {
                    best = index
                }
            } else if isSeparator(bytes[index]), index + 1 < bytes.count,
                isDigit(bytes[index + 1])
            {
                index += 1
            } else {
                break
            }
        }
        return best
    }

    /// Whether the digits are part of a trace id, span id or digest, which are not cards although
    /// one in a thousand contains the digits of one.
    private static func isInsideHexID(_ bytes: [UInt8], _ range: Range<Int>) -> Bool {
        var start = range.lowerBound
        var end = range.upperBound
        while start > 0, range.lowerBound - start <= 64, isHex(bytes[start - 1]) { start -= 1 }
        while end < bytes.count, end - range.upperBound <= 64, isHex(bytes[end]) { end += 1 }
        let isWhole = bytes[start..<end].allSatisfy(isHex)
        return isWhole && [16, 32, 40, 64].contains(end - start) && end - start > range.count
    }

    private static func isHex(_ byte: UInt8) -> Bool {
        isDigit(byte) || (byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "f"))
    }

    /// Whether grouped digits stand alone; inside a UUID a hyphen leads on to a letter.
    private static func isApart(_ bytes: [UInt8], _ range: Range<Int>) -> Bool {
        func isLetter(_ index: Int) -> Bool {
            guard bytes.indices.contains(index) else { return false }
            return (bytes[index] | 0x20) >= UInt8(ascii: "a")
                && (bytes[index] | 0x20) <= UInt8(ascii: "f")
        }
        func touches(_ index: Int, _ step: Int) -> Bool {
            guard bytes.indices.contains(index) else { return false }
            return isLetter(index)
                || (bytes[index] == UInt8(ascii: "-") && isHexGroup(bytes, index + step, step))
        }
        return !touches(range.lowerBound - 1, -1) && !touches(range.upperBound, 1)
    }

    /// Whether the group of letters and digits next to a hyphen has a hexadecimal letter.
    private static func isHexGroup(_ bytes: [UInt8], _ first: Int, _ step: Int) -> Bool {
        var index = first
        while bytes.indices.contains(index) {
            if isDigit(bytes[index]) {
                index += step
            } else {
                let letter = bytes[index] | 0x20
                return letter >= UInt8(ascii: "a") && letter <= UInt8(ascii: "f")
            }
        }
        return false
    }

    private static func isCard(_ digits: [UInt8]) -> Bool {
        guard 13...19 ~= digits.count, 2...6 ~= digits[0] else { return false }
        return isLuhn(digits)
    }

    /// See ISO/IEC 7812-1, annex B.
    private static func isLuhn(_ digits: [UInt8]) -> Bool {
        var sum = 0
        for (position, digit) in digits.reversed().enumerated() {
            let doubled = position.isMultiple(of: 2) ? Int(digit) : Int(digit) * 2
            sum += doubled > 9 ? doubled - 9 : doubled
        }
        return sum.isMultiple(of: 10)
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
    }

    private static func isSeparator(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "-")
    }
}
