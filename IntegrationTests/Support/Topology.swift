import Testing

/// A way to run the whole system. Every flow is written once and runs on each of them.
enum Topology: String, CaseIterable, Sendable, CustomTestStringConvertible {
    /// One process, every module, a SQLite file a module.
    case monolithSQLite

    var testDescription: String { rawValue }

    /// What this way of running sets, over a directory of the system's own.
    func environment(in directory: String) -> [String: String] {
        switch self {
        case .monolithSQLite:
            [
                "FLOTILLA_STORAGE_URL": "sqlite:\(directory)/data",
                "FLOTILLA_MAIL_URL": "file:\(directory)/mail",
                "FLOTILLA_LOG_FORMAT": "json",
            ]
        }
    }
}
