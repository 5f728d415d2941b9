import Configuration

/// What the names of settings have in common.
enum SettingKey {
    /// The prefix of this system's environment variables.
    static let environmentPrefix = "FLOTILLA_"

    /// Letters, digits, `-` and `_`, in parts joined by dots.
    static func isWellFormed(_ key: String) -> Bool {
        key.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { part in
            !part.isEmpty
                && part.allSatisfy {
                    $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_")
                }
        }
    }

    /// The environment variable of a key, as swift-configuration itself derives it.
    static func environmentName(of key: String) -> String {
        let provider = environmentProvider([:])
        let result = try? provider.value(
            forKey: AbsoluteConfigKey(ConfigKey(key)), type: .string)
        guard let result else { preconditionFailure("\(key) has no environment variable") }
        return result.encodedKey
    }

    /// Environment variables as settings; nothing of them is printed by the library.
    static func environmentProvider(
        _ environment: [String: String]
    ) -> KeyMappingProvider<EnvironmentVariablesProvider> {
        EnvironmentVariablesProvider(environmentVariables: environment, secretsSpecifier: .all)
            .prefixKeys(with: "flotilla")
    }

    /// The candidate that someone who wrote `name` most likely meant.
    static func nearest(to name: String, among candidates: some Sequence<String>) -> String? {
        // A fifth of the letters wrong is a slip; more is another word.
        let limit = max(2, name.count / 5)
        return candidates.map { ($0, distance(name.lowercased(), $0.lowercased())) }
            .filter { $0.1 <= limit }
            .min { ($0.1, $0.0) < ($1.1, $1.0) }?.0
    }

    /// The least number of letters to insert, drop or replace (Levenshtein).
    static func distance(_ left: String, _ right: String) -> Int {
        let (left, right) = (Array(left.utf8), Array(right.utf8))
        var row = Array(0...right.count)
        for (i, letter) in left.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, other) in right.enumerated() {
                let replaced = diagonal + (letter == other ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(replaced, row[j] + 1, row[j + 1] + 1)
            }
        }
        return row[right.count]
    }
}
