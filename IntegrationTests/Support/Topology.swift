import FlotillaTesting
import Foundation
import Testing

/// A way to run the whole system. Every flow is written once and runs on each of them.
///
/// `FLOTILLA_TEST_TOPOLOGY` names the one to run on; without it, all of them.
enum Topology: String, CaseIterable, Sendable, CustomTestStringConvertible {
    /// One process, every module, a SQLite file a module.
    case monolithSQLite
    /// One process, every module, a schema a module of one PostgreSQL database.
    case monolithPostgres

    static let allCases: [Topology] = {
        let all = [monolithSQLite, monolithPostgres]
        guard let name = ProcessInfo.processInfo.environment["FLOTILLA_TEST_TOPOLOGY"] else {
            return all
        }
        return all.filter { $0.rawValue == name }
    }()

    var testDescription: String { rawValue }

    /// What this way of running sets for a new system, over a directory of its own. The key that
    /// signs tokens is made there, too: below the databases, or below the working directory.
    ///
    /// - Parameter storage: where its databases are to be, if not at a place of its own.
    /// - Throws: `PostgresServerError`.
    func environment(
        in directory: String, storage: String? = nil
    ) throws -> [String: String] {
        [
            "FLOTILLA_STORAGE_URL": try storage ?? makeStorage(in: directory),
            "FLOTILLA_MAIL_URL": "file:\(directory)/mail",
            "FLOTILLA_LOG_FORMAT": "json",
        ]
    }

    /// Takes away the storage that ``environment(in:storage:)`` made outside of the directory.
    func remove(_ environment: [String: String]) {
        guard self == .monolithPostgres, let url = environment["FLOTILLA_STORAGE_URL"] else {
            return
        }
        // A database that stays costs a few MiB until the server ends with this process.
        _ = try? PostgresServer.shared().run(
            "DROP DATABASE \(url.split(separator: "/").last ?? "") WITH (FORCE)")
    }

    /// A smaller number where the same claim costs more: a transaction on PostgreSQL takes the way
    /// to another process and back.
    func count(_ onSQLite: Int, onPostgres: Int) -> Int {
        switch self {
        case .monolithSQLite: onSQLite
        case .monolithPostgres: onPostgres
        }
    }

    private func makeStorage(in directory: String) throws -> String {
        switch self {
        case .monolithSQLite: "sqlite:\(directory)/data"
        case .monolithPostgres: try PostgresServer.shared().makeDatabase()
        }
    }
}
