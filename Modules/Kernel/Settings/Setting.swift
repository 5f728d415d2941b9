/// A declared key of the configuration: its name, its default and what it may be.
///
/// A module declares its settings as constants, hands them to the process's
/// ``SettingsCatalogue``, and reads them from ``Settings`` with a subscript.
///
/// ```swift
/// static let attemptCountMax: Setting<Int> = .int(
///     "bus.retry.maxAttempts", default: 8, in: 1...30, "Tries before an event is parked.")
/// ```
public struct Setting<Value: Sendable>: DeclaredSetting {
    /// The dotted name, e.g. `bus.retry.maxAttempts`.
    public let key: String
    /// What it is for, in one line.
    public let summary: String
    /// What it may be, in words: "an integer from 1 to 30".
    public let allowed: String
    /// What counts when nobody sets the key.
    public let defaultValue: Value
    /// Whether its value is kept out of every message.
    public let isSecret: Bool
    /// The default as it would be written in a file, nil when there is none.
    public let defaultText: String?
    /// Whether a file may give it as a YAML list.
    public let acceptsList: Bool

    private let parse: @Sendable (String) throws(SettingRefusal) -> Value

    /// Puts a declaration together; the named constructors (`.int`, `.duration`, …) call it.
    ///
    /// - Precondition: the key is made of letters, digits, `-` and `_`, in parts joined by dots.
    init(
        _ key: String, default defaultValue: Value, defaultText: String?, allowed: String,
        _ summary: String, isSecret: Bool = false, acceptsList: Bool = false,
        parse: @escaping @Sendable (String) throws(SettingRefusal) -> Value
    ) {
        precondition(SettingKey.isWellFormed(key), "\"\(key)\" is not a setting's key")
        self.key = key
        self.summary = summary
        self.allowed = allowed
        self.defaultValue = defaultValue
        self.defaultText = defaultText
        self.isSecret = isSecret
        self.acceptsList = acceptsList
        self.parse = parse
    }

    /// Reads a text as this setting's value.
    ///
    /// - Throws: ``SettingRefusal``.
    public func value(of text: String) throws(SettingRefusal) -> Value {
        try parse(text)
    }

    /// The name of the Swift type of its value.
    public var typeName: String { String(reflecting: Value.self) }

    /// Reads a text into a box that remembers its type.
    ///
    /// - Throws: ``SettingRefusal``.
    public func boxedValue(of text: String) throws(SettingRefusal) -> any Sendable {
        ParsedValue(value: try parse(text))
    }

    /// The default in such a box.
    public var boxedDefault: any Sendable { ParsedValue(value: defaultValue) }
}
