/// The configuration of the process: every setting of the catalogue with its checked value.
///
/// A value comes from a command-line flag, else from the environment, else from the file, else
/// it is the default. Nothing changes after ``load(file:flags:environment:catalogue:)``.
public struct Settings: Sendable {
    /// What may be asked for.
    public let catalogue: SettingsCatalogue

    /// A value in its box, and where it came from.
    struct Entry: Sendable {
        let value: any Sendable
        let source: SettingSource
    }

    /// By key; there is one for every setting of the catalogue.
    private let entries: [String: Entry]

    init(catalogue: SettingsCatalogue, entries: [String: Entry]) {
        self.catalogue = catalogue
        self.entries = entries
    }

    /// The value of a setting.
    ///
    /// - Precondition: the setting is in the catalogue that these settings were loaded with.
    public subscript<Value>(_ setting: Setting<Value>) -> Value {
        guard let box = entry(of: setting).value as? ParsedValue<Value> else {
            preconditionFailure("the setting \(setting.key) is in the catalogue as another type")
        }
        return box.value
    }

    /// Whether somebody set it, also to its default.
    public func isSet(_ setting: some DeclaredSetting) -> Bool {
        entry(of: setting).source != .standard
    }

    /// Where a value came from: `flag`, `environment FLOTILLA_…`, `file PATH` or `default`.
    public func source(of setting: some DeclaredSetting) -> String {
        entry(of: setting).source.description
    }

    private func entry(of setting: some DeclaredSetting) -> Entry {
        guard let entry = entries[setting.key] else {
            preconditionFailure("the setting \(setting.key) is not in the catalogue")
        }
        return entry
    }
}

/// Values can be secrets, so whatever prints settings sees how many there are and no more.
extension Settings: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The number of settings.
    public var description: String { "Settings(\(entries.count) keys)" }
    /// The number of settings.
    public var debugDescription: String { description }
    /// Shows nothing, for `dump`.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// Where the value of a setting came from.
enum SettingSource: Sendable, Hashable, CustomStringConvertible {
    case flag
    case environment(variable: String)
    case file(path: String)
    case standard

    var description: String {
        switch self {
        case .flag: "flag"
        case .environment(let variable): "environment \(variable)"
        case .file(let path): "file \(path)"
        case .standard: "default"
        }
    }
}
