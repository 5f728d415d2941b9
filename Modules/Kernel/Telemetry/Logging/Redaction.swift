internal import Logging

/// Decides what of a field may be written: by the value's class, then by its key, then by what
/// the text looks like.
struct Redaction: Sendable {
    /// Whether values marked personal are readable: only on a developer's terminal.
    let revealsPersonal: Bool

    static let mark = "[redacted]"

    /// Deeper values are replaced; nobody reads them in a log.
    private static let depthMax = 6

    init(environment: String, format: LogFormat) {
        revealsPersonal = environment == "development" && format == .pretty
    }

    /// The value as it may be written under `key`.
    func value(_ value: Logger.MetadataValue, at key: String, depth: Int = 0) -> LogValue {
        guard depth < Self.depthMax else { return .text("[nested]") }
        let keyClass = RedactedKey.of(key)
        switch value.attributes[Sensitivity.self] {
        case .secret: return .text(Self.mark)
        case .personal:
            let isReadable = revealsPersonal && keyClass != .secret
            return .text(isReadable ? value.description : Self.mark)
        case nil: break
        }
        guard keyClass == .plain else { return .text(Self.mark) }
        switch value {
        case .string(let text): return .text(Scrubber.scrub(text))
        case .stringConvertible(let convertible): return scalar(convertible)
        case .array(let elements):
            return .list(elements.map { self.value($0, at: key, depth: depth + 1) })
        case .dictionary(let members):
            return .object(
                members.sorted { $0.key < $1.key }.map { member in
                    let path = "\(key).\(member.key)"
                    return (
                        key: Scrubber.scrub(member.key),
                        value: self.value(member.value, at: path, depth: depth + 1)
                    )
                }.withDistinctKeys())
        }
    }

    /// Numbers and booleans stay what they are, unless the digits make a card number.
    private func scalar(_ convertible: any CustomStringConvertible & Sendable) -> LogValue {
        let text = convertible.description
        let scrubbed = Scrubber.scrub(text)
        guard scrubbed == text else { return .text(scrubbed) }
        switch convertible {
        case is Bool: return .literal(text)
        case is any FixedWidthInteger: return .literal(text)
        case let double as Double where double.isFinite: return .literal(text)
        case let float as Float where float.isFinite: return .literal(text)
        default: return .text(text)
        }
    }
}

extension Redaction {
    /// The value as plain text, for fields that are always text.
    func text(_ value: Logger.MetadataValue, at key: String) -> String {
        switch self.value(value, at: key) {
        case .text(let text), .literal(let text): text
        case .list, .object: Scrubber.scrub(value.description)
        }
    }
}
