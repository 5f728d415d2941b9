/// Every concrete setting of the process, so that an unknown key can be told from a known one.
///
/// Settings that exist once per consumer or module are listed once for each of them, such as
/// `bus.consumers.order.welcome-order.maxAttempts`.
public struct SettingsCatalogue: Sendable {
    /// The settings in the order they were declared, each key once.
    public let settings: [any DeclaredSetting]

    /// Variables with the prefix `FLOTILLA_` that are no settings: known, and read elsewhere.
    public let otherVariables: Set<String>

    /// The names of the environment variables, by key.
    let variables: [String: String]

    /// The position of each key in `settings`.
    private let positions: [String: Int]

    /// Joins the declarations of the kernel and the modules.
    ///
    /// - Parameter otherVariables: names such as `FLOTILLA_ADMIN_PASSWORD`, which commands read
    ///   themselves.
    /// - Precondition: a key that appears twice is declared alike both times, and no two keys
    ///   share an environment variable.
    public init(_ groups: [any DeclaredSetting]..., otherVariables: Set<String> = []) {
        var settings: [any DeclaredSetting] = []
        var positions: [String: Int] = [:]
        var keys: [String: String] = [:]
        for setting in groups.joined() {
            if let position = positions[setting.key] {
                precondition(
                    setting.agrees(with: settings[position]),
                    "the setting \(setting.key) is declared twice, and differently")
                continue
            }
            let variable = SettingKey.environmentName(of: setting.key)
            if let other = keys[variable] {
                preconditionFailure(
                    "the settings \(other) and \(setting.key) share the variable \(variable)")
            }
            keys[variable] = setting.key
            positions[setting.key] = settings.count
            settings.append(setting)
        }
        self.settings = settings
        self.positions = positions
        self.otherVariables = otherVariables
        variables = Dictionary(uniqueKeysWithValues: keys.map { ($1, $0) })
    }

    /// The setting of a key.
    func setting(_ key: String) -> (any DeclaredSetting)? {
        positions[key].map { settings[$0] }
    }

    /// The environment variable of a key, nil when there is no such setting.
    public func environmentVariable(of key: String) -> String? { variables[key] }

    /// Whether some setting's key continues this one after a dot.
    func hasSettings(below key: String) -> Bool {
        settings.contains { $0.key.hasPrefix(key + ".") }
    }
}
