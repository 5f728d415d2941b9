public import Logging

/// How a logged value must be treated; it travels with the value as a metadata attribute.
///
/// ```swift
/// logger.info("Address confirmed", metadata: ["to": "\(email, sensitivity: .personal)"])
/// ```
public enum Sensitivity: Int64, Logger.MetadataValueAttributes.Attribute {
    /// About a person; readable only on a developer's terminal.
    case personal = 1
    /// Grants access or must not be known; never written.
    case secret = 2
}

extension Logger.MetadataValue.StringInterpolation {
    /// Adds a value and marks the whole text; the stricter of two marks wins.
    public mutating func appendInterpolation<T>(_ value: T, sensitivity: Sensitivity) {
        appendInterpolation(
            String(describing: value),
            attributes: { attributes in
                let marked = attributes[Sensitivity.self]
                if marked != .secret { attributes[Sensitivity.self] = sensitivity }
            })
    }
}

extension Logger.MetadataValue {
    /// A value about a person.
    public static func personal(_ value: some CustomStringConvertible & Sendable) -> Self {
        .attributed(value, attributes: [Sensitivity.personal])
    }

    /// A value that must never be written.
    public static func secret(_ value: some CustomStringConvertible & Sendable) -> Self {
        .attributed(value, attributes: [Sensitivity.secret])
    }
}
