/// A log field's value after redaction: ready to print, whatever the format.
indirect enum LogValue: Sendable, Equatable {
    /// Text, still to be escaped.
    case text(String)
    /// A number or boolean, printed as it is.
    case literal(String)
    case list([LogValue])
    case object([(key: String, value: LogValue)])

    static func == (left: Self, right: Self) -> Bool {
        switch (left, right) {
        case (.text(let left), .text(let right)): left == right
        case (.literal(let left), .literal(let right)): left == right
        case (.list(let left), .list(let right)): left == right
        case (.object(let left), .object(let right)):
            left.elementsEqual(right) { $0.key == $1.key && $0.value == $1.value }
        case (.text, _), (.literal, _), (.list, _), (.object, _): false
        }
    }
}

extension Sequence where Element == (key: String, value: LogValue) {
    /// The members with names that repeat told apart; JSON objects have each name once.
    func withDistinctKeys() -> [Element] {
        var seen: [String: Int] = [:]
        return map { member in
            let count = (seen[member.key] ?? 0) + 1
            seen[member.key] = count
            return count == 1 ? member : (key: "\(member.key)#\(count)", value: member.value)
        }
    }
}
