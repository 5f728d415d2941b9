public import Foundation

/// Times as text, by arithmetic: the formatters of Foundation take a lock and hundreds of
/// instructions for each, and every event, answer and line of a log has some.
extension FlotillaJSON {
    /// `2026-11-21T09:30:00.123Z`.
    public static func rfc3339(_ date: Date) -> String {
        let date = date.wholeMilliseconds
        // What lies outside of them is refused where it comes in.
        guard years.contains(date) else { return date.formatted(beyond) }
        let (days, rest) = floorDivide(
            Int((date.timeIntervalSince1970 * 1_000).rounded()), by: 86_400_000)
        let (year, month, day) = civil(days)
        let seconds = rest / 1_000
        return String(unsafeUninitializedCapacity: 24) { text in
            var place = 0
            func put(_ number: Int, _ width: Int, then mark: Unicode.Scalar) {
                var number = number
                for index in stride(from: place + width - 1, through: place, by: -1) {
                    text[index] = UInt8(ascii: "0") + UInt8(number % 10)
                    number /= 10
                }
                text[place + width] = UInt8(ascii: mark)
                place += width + 1
            }
            put(year, 4, then: "-")
            put(month, 2, then: "-")
            put(day, 2, then: "T")
            put(seconds / 3_600, 2, then: ":")
            put(seconds / 60 % 60, 2, then: ":")
            put(seconds % 60, 2, then: ".")
            put(rest % 1_000, 3, then: "Z")
            return place
        }
    }

    private static let beyond = Date.ISO8601FormatStyle(includingFractionalSeconds: true)

    /// Reads an RFC 3339 time (section 5.6) with or without a fraction; `nil` when it is none.
    public static func date(rfc3339 text: String) -> Date? {
        var text = text
        return text.withUTF8 { date(rfc3339: $0) }
    }

    private static func date(rfc3339 bytes: UnsafeBufferPointer<UInt8>) -> Date? {
        func number(_ start: Int, _ count: Int) -> Int? {
            guard bytes.count >= start + count else { return nil }
            var number = 0
            for byte in bytes[start..<start + count] {
                guard let digit = digit(byte) else { return nil }
                number = number * 10 + digit
            }
            return number
        }
        func has(_ character: Unicode.Scalar, at index: Int) -> Bool {
            index < bytes.count && bytes[index] == UInt8(ascii: character)
        }
        guard let year = number(0, 4), let month = number(5, 2), let day = number(8, 2),
            let hour = number(11, 2), let minute = number(14, 2), let second = number(17, 2),
            has("-", at: 4), has("-", at: 7), has("T", at: 10), has(":", at: 13), has(":", at: 16),
            (1...12).contains(month), (1...days(of: month, in: year)).contains(day),
            (0...23).contains(hour), (0...59).contains(minute), (0...60).contains(second)
        else { return nil }
        var index = 19
        var fraction = Fraction()
        if has(".", at: index) {
            index += 1
            let start = index
            while index < bytes.count, let digit = digit(bytes[index]) {
                fraction.append(digit)
                index += 1
            }
            guard index > start else { return nil }
        }
        var offset = 0
        if has("Z", at: index) {
            index += 1
        } else {
            guard has("+", at: index) || has("-", at: index), has(":", at: index + 3),
                let hours = number(index + 1, 2), let minutes = number(index + 4, 2),
                (0...23).contains(hours), (0...59).contains(minutes)
            else { return nil }
            offset = (hours * 60 + minutes) * (has("-", at: index) ? -60 : 60)
            index += 6
        }
        guard index == bytes.count else { return nil }
        let time = hour * 3_600 + minute * 60 + second - offset
        let date = fraction.date(seconds: daysSince1970(year, month, day) * 86_400 + time)
        return years.contains(date) ? date : nil
    }

    /// Digits behind the point of a second.
    private struct Fraction {
        private var milliseconds = 0
        /// What lies below a millisecond.
        private var rest = 0.0
        private var unit = 1.0

        mutating func append(_ digit: Int) {
            unit /= 10
            if unit > 0.000_5 {
                milliseconds = milliseconds * 10 + digit
            } else {
                rest += Double(digit) * unit
            }
        }

        /// With whole milliseconds the very number that ``Foundation/Date/wholeMilliseconds`` has.
        func date(seconds: Int) -> Date {
            let places = unit > 0.05 ? 100 : unit > 0.005 ? 10 : 1
            let whole = seconds * 1_000 + (unit == 1 ? 0 : milliseconds * places)
            return Date(timeIntervalSince1970: Double(whole) / 1_000 + rest)
        }
    }

    private static func digit(_ byte: UInt8) -> Int? {
        let digit = Int(byte) - Int(UInt8(ascii: "0"))
        return (0...9).contains(digit) ? digit : nil
    }

    private static func days(of month: Int, in year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// The four-digit years of RFC 3339.
    private static let years =
        Date(timeIntervalSince1970: -62_167_219_200)..<Date(timeIntervalSince1970: 253_402_300_800)

    // MARK: - The calendar

    /// Days since 1970-01-01 in the Gregorian calendar, counted in eras of 400 years that begin
    /// in March; see Howard Hinnant's `civil_from_days`.
    private static func civil(_ days: Int) -> (year: Int, month: Int, day: Int) {
        let (era, dayOfEra) = floorDivide(days + 719_468, by: 146_097)
        let leaps = dayOfEra / 1_460 - dayOfEra / 36_524 + dayOfEra / 146_096
        let yearOfEra = (dayOfEra - leaps) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shifted + 2) / 5 + 1
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        return (era * 400 + yearOfEra + (month <= 2 ? 1 : 0), month, day)
    }

    /// The way back; see Hinnant's `days_from_civil`.
    private static func daysSince1970(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let (era, yearOfEra) = floorDivide(year - (month <= 2 ? 1 : 0), by: 400)
        let shifted = month > 2 ? month - 3 : month + 9
        let dayOfYear = (153 * shifted + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
            - 719_468
    }

    private static func floorDivide(_ value: Int, by divisor: Int) -> (Int, Int) {
        let rest = ((value % divisor) + divisor) % divisor
        return ((value - rest) / divisor, rest)
    }
}
