import Foundation

@testable import Settings

/// A small system's settings, one of every kind.
enum Sample {
    enum Transport: String, CaseIterable {
        case inProcess = "in-process"
        case kafka
    }

    static let port: Setting<Int> = .int(
        "http.port", default: 8080, in: 0...65_535, "The port that is listened on.")
    static let attempts: Setting<Int> = .int(
        "bus.retry.maxAttempts", default: 8, in: 1...30, "Tries before an event is parked.")
    static let retention: Setting<Duration> = .duration(
        "bus.retention", default: .seconds(30 * 86_400), in: .seconds(60)...(.seconds(31_536_000)),
        "How long published events are kept.")
    static let transport: Setting<Transport> = .choice(
        "bus.transport", default: .inProcess, "What carries events.")
    static let storage: Setting<String> = .string(
        "storage.url", default: "sqlite:./data", "Where rows are kept.")
    static let userStorage: Setting<String?> = .optionalString(
        "modules.user.storage.url", "Where the rows of User are kept.")
    static let modules: Setting<[String]> = .list(
        "modules", default: ["all"], "The modules of this process.")
    static let verified: Setting<Bool> = .bool(
        "auth.requireVerifiedEmail", default: false, "Whether only verified people log in.")
    static let signingKey: Setting<String?> = .secretText(
        "auth.signingKey", "The key that signs tokens.")
    static let even: Setting<Int> = .custom(
        "sample.even", default: 2, defaultText: "2", allowed: "an even number", "A number."
    ) { text in Int(text).flatMap { $0.isMultiple(of: 2) ? $0 : nil } }

    static let catalogue = SettingsCatalogue(
        [port, attempts, retention, transport, storage],
        [modules, userStorage, verified, signingKey, even],
        otherVariables: ["FLOTILLA_ADMIN_PASSWORD"])
}

/// Loads the sample's settings.
func load(
    yaml: String? = nil, flags: [String: String] = [:], environment: [String: String] = [:]
) throws -> Settings {
    guard let yaml else {
        return try Settings.load(
            file: nil, flags: flags, environment: environment, catalogue: Sample.catalogue)
    }
    return try withFile(yaml) { path in
        try Settings.load(
            file: path, flags: flags, environment: environment, catalogue: Sample.catalogue)
    }
}

/// What loading complains of, with the file's path as `FILE`.
func problems(
    yaml: String? = nil, flags: [String: String] = [:], environment: [String: String] = [:]
) -> [String] {
    var path = "no file"
    do {
        if let yaml {
            try withFile(yaml) {
                path = $0
                _ = try Settings.load(
                    file: path, flags: flags, environment: environment,
                    catalogue: Sample.catalogue)
            }
        } else {
            _ = try load(flags: flags, environment: environment)
        }
        return []
    } catch let error as SettingsError {
        return error.problems.map { $0.replacing(path, with: "FILE") }
    } catch {
        return ["\(error)"]
    }
}

/// Runs a closure with the path of a file that is gone afterwards.
func withFile<Result>(_ text: String, _ body: (String) throws -> Result) throws -> Result {
    try withFile(Data(text.utf8), body)
}

/// Runs a closure with the path of a file that is gone afterwards.
func withFile<Result>(_ data: Data, _ body: (String) throws -> Result) throws -> Result {
    let url = FileManager.default.temporaryDirectory
        .appending(path: "settings-\(UUID().uuidString).yaml")
    try data.write(to: url)
    defer { try? FileManager.default.removeItem(at: url) }
    return try body(url.path)
}
