/// A setting of any type, as lists of settings hold it: every ``Setting`` is one.
public protocol DeclaredSetting: Sendable {
    /// The dotted name, e.g. `bus.retry.maxAttempts`.
    var key: String { get }
    /// What it is for, in one line.
    var summary: String { get }
    /// What it may be, in words: "an integer from 1 to 30".
    var allowed: String { get }
    /// Whether its value is kept out of every message.
    var isSecret: Bool { get }
    /// The default as it would be written in a file, nil when there is none.
    var defaultText: String? { get }
    /// Whether a file may give it as a YAML list.
    var acceptsList: Bool { get }
    /// The name of the Swift type of its value.
    var typeName: String { get }
    /// Reads a text; the result is a `ParsedValue` of the setting's own type.
    ///
    /// - Throws: ``SettingRefusal``.
    func boxedValue(of text: String) throws(SettingRefusal) -> any Sendable
    /// The default, in the same box.
    var boxedDefault: any Sendable { get }
}

/// Why a text is not a value of a setting.
public enum SettingRefusal: Error, Sendable, Hashable {
    /// The text is not what ``Setting/allowed`` says.
    case notAllowed
    /// The text names a file, and that cannot be used; the reason is one clause.
    case badFile(path: String, reason: String)
}

/// Keeps `nil` of an optional setting apart from "no value" behind `any Sendable`.
struct ParsedValue<Value: Sendable>: Sendable {
    let value: Value
}

extension DeclaredSetting {
    /// Whether both say the same; the keys are known to be equal.
    func agrees(with other: any DeclaredSetting) -> Bool {
        summary == other.summary && allowed == other.allowed && isSecret == other.isSecret
            && defaultText == other.defaultText && acceptsList == other.acceptsList
            && typeName == other.typeName
    }
}
