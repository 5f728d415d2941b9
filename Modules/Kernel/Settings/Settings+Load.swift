import Configuration

extension Settings {
    /// Reads, checks and joins all sources of configuration.
    ///
    /// - Parameters:
    ///   - file: the path of a YAML file, nil for none.
    ///   - flags: keys and values from the command line; they win over everything.
    ///   - environment: the variables of the process; those with the prefix `FLOTILLA_` count,
    ///     and win over the file.
    /// - Throws: ``SettingsError`` with every problem there is, not just the first.
    public static func load(
        file: String?, flags: [String: String], environment: [String: String],
        catalogue: SettingsCatalogue
    ) throws(SettingsError) -> Settings {
        var loading = Loading(catalogue: catalogue)
        loading.checkFlags(flags)
        loading.checkVariables(environment)
        let yaml = file.map { loading.read($0) }
        let settings = loading.resolve(flags: flags, environment: environment, file: yaml)
        guard loading.problems.isEmpty else {
            throw SettingsError(problems: loading.problems)
        }
        return settings
    }

    /// The settings when nobody sets anything; for tests and documentation.
    public static func defaults(_ catalogue: SettingsCatalogue) -> Settings {
        let entries = catalogue.settings.map {
            ($0.key, Entry(value: $0.boxedDefault, source: .standard))
        }
        return Settings(
            catalogue: catalogue, entries: Dictionary(uniqueKeysWithValues: entries))
    }
}

/// One reading of the configuration, collecting problems on the way.
private struct Loading {
    let catalogue: SettingsCatalogue
    var problems: [String] = []

    /// Reports flags that are no settings. Their values may be secrets in the wrong place.
    mutating func checkFlags(_ flags: [String: String]) {
        for key in flags.keys.sorted() where catalogue.setting(key) == nil {
            problems.append("\(key): unknown setting (flag)\(suggestion(for: key))")
        }
    }

    /// Reports variables that look like settings and are none.
    mutating func checkVariables(_ environment: [String: String]) {
        let names = Set(catalogue.variables.values)
        for name in environment.keys.sorted() where name.hasPrefix(SettingKey.environmentPrefix) {
            let isKnown =
                names.contains(name) || catalogue.otherVariables.contains(name)
                || ServiceLink.isOne(name, value: environment[name] ?? "")
            guard !isKnown else { continue }
            let near = SettingKey.nearest(to: name, among: names)
            problems.append(
                "\(name): unknown setting (environment)"
                    + (near.map { "; did you mean \($0)?" } ?? ""))
        }
    }

    /// Reads the file and reports what is wrong with its shape and its keys.
    mutating func read(_ path: String) -> YAMLFile {
        var file = YAMLFile(path: path)
        problems += file.read()
        for entry in file.entries {
            if let setting = catalogue.setting(entry.key) {
                if case .list = entry.value, !setting.acceptsList {
                    problems.append(
                        "\(entry.key): a YAML list (\(entry.place)); allowed: \(setting.allowed)")
                }
            } else if !catalogue.hasSettings(below: entry.key) {
                problems.append(
                    "\(entry.key): unknown setting (\(entry.place))\(suggestion(for: entry.key))")
            } else if entry.value != .absent {
                problems.append("\(entry.key): a group of settings, not a value (\(entry.place))")
            }
        }
        return file
    }

    /// Asks every source for every setting, in order of precedence.
    mutating func resolve(
        flags: [String: String], environment: [String: String], file: YAMLFile?
    ) -> Settings {
        let flagReader = ConfigReader(provider: provider("flags", flags))
        let environmentReader = ConfigReader(
            provider: SettingKey.environmentProvider(environment))
        let fileReader = ConfigReader(provider: provider("file", file?.texts ?? [:]))
        var entries: [String: Settings.Entry] = [:]
        for setting in catalogue.settings {
            func text(_ reader: ConfigReader) -> String? {
                reader.string(forKey: ConfigKey(setting.key), isSecret: setting.isSecret)
            }
            let entry: Settings.Entry?
            if let text = text(flagReader) {
                entry = value(of: setting, text, from: .flag, at: "flag")
            } else if let text = text(environmentReader) {
                let variable = catalogue.variables[setting.key] ?? ""
                let source = SettingSource.environment(variable: variable)
                entry = value(of: setting, text, from: source, at: source.description)
            } else if let file, let text = text(fileReader) {
                entry = value(
                    of: setting, text, from: .file(path: file.path),
                    at: file.place(of: setting.key))
            } else {
                entry = nil
            }
            entries[setting.key] =
                entry ?? Settings.Entry(value: setting.boxedDefault, source: .standard)
        }
        return Settings(catalogue: catalogue, entries: entries)
    }

    /// Parses a text, or reports why it cannot.
    private mutating func value(
        of setting: any DeclaredSetting, _ text: String, from source: SettingSource,
        at place: String
    ) -> Settings.Entry? {
        do {
            return Settings.Entry(value: try setting.boxedValue(of: text), source: source)
        } catch {
            let complaint =
                switch error {
                case .notAllowed: setting.isSecret ? "[redacted]" : ShownText.quoted(text)
                case .badFile(let path, let reason):
                    "the file \(ShownText.quoted(path)) \(reason)"
                }
            problems.append(
                "\(setting.key): \(complaint) (\(place)); allowed: \(setting.allowed)")
            return nil
        }
    }

    private func suggestion(for key: String) -> String {
        let near = SettingKey.nearest(to: key, among: catalogue.settings.map(\.key))
        return near.map { "; did you mean \($0)?" } ?? ""
    }

    /// Texts by key as a provider. Unknown keys are left out: they are reported already, and
    /// odd ones, such as `a..b`, would read like others.
    private func provider(_ name: String, _ texts: [String: String]) -> InMemoryProvider {
        let known = texts.filter { catalogue.setting($0.key) != nil }
        let values = known.map { key, text in
            (AbsoluteConfigKey(ConfigKey(key)), ConfigValue(.string(text), isSecret: true))
        }
        return InMemoryProvider(name: name, values: Dictionary(uniqueKeysWithValues: values))
    }
}
