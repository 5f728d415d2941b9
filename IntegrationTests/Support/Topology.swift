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
    /// A gateway and three processes with the modules, over a broker; a SQLite file a module.
    case splitSQLite
    /// The same on PostgreSQL, a schema a module.
    case splitPostgres

    /// For what a system does, however it is run.
    static let allCases = chosen([monolithSQLite, monolithPostgres, splitSQLite, splitPostgres])

    /// Each engine, and each way between modules: for what takes long.
    static let mostCases = chosen([monolithSQLite, monolithPostgres, splitSQLite])

    /// One process: for what is about a process.
    static let monoliths = chosen([monolithSQLite, monolithPostgres])

    /// Several processes: for what is about the way between them.
    static let splits = chosen([splitSQLite, splitPostgres])

    private static func chosen(_ all: [Topology]) -> [Topology] {
        guard let name = ProcessInfo.processInfo.environment["FLOTILLA_TEST_TOPOLOGY"] else {
            return all
        }
        return all.filter { $0.rawValue == name }
    }

    var isSplit: Bool { self == .splitSQLite || self == .splitPostgres }
    var isOnPostgres: Bool { self == .monolithPostgres || self == .splitPostgres }

    var testDescription: String { rawValue }

    /// Whether a consumer that hears User reads this stream: its log, or what a broker has of it.
    func isStreamOfUser(_ name: JSON) -> Bool {
        isSplit ? name.string?.hasPrefix("user.events/") == true : name == "user"
    }

    /// What this way of running sets for a new system, over a directory of its own. The key that
    /// signs tokens is made there, too: below the databases, or below the working directory.
    ///
    /// - Parameter storage: where its databases are to be, if not at a place of its own.
    /// - Throws: `PostgresServerError`.
    func environment(
        in directory: String, storage: String? = nil
    ) throws -> [String: String] {
        var environment = [
            "FLOTILLA_STORAGE_URL": try storage ?? makeStorage(in: directory),
            "FLOTILLA_MAIL_URL": "file:\(directory)/mail",
            "FLOTILLA_LOG_FORMAT": "json",
        ]
        // Who puts a token into a mail is another process than who made it.
        if isSplit { environment["FLOTILLA_AUTH_SEALING_KEY"] = Self.randomKey() }
        return environment
    }

    private static func randomKey() -> String {
        Data((0..<32).map { _ in UInt8.random(in: .min ... .max) }).base64EncodedString()
    }

    /// Takes away the storage that ``environment(in:storage:)`` made outside of the directory.
    func remove(_ environment: [String: String]) {
        guard isOnPostgres, let url = environment["FLOTILLA_STORAGE_URL"] else {
            return
        }
        // A database that stays costs a few MiB until the server ends with this process.
        _ = try? PostgresServer.shared().run(
            "DROP DATABASE \(url.split(separator: "/").last ?? "") WITH (FORCE)")
    }

    /// A smaller number where the same claim costs more: a transaction on PostgreSQL takes the way
    /// to another process and back.
    func count(_ onSQLite: Int, onPostgres: Int) -> Int {
        isOnPostgres ? onPostgres : onSQLite
    }

    private func makeStorage(in directory: String) throws -> String {
        isOnPostgres ? try PostgresServer.shared().makeDatabase() : "sqlite:\(directory)/data"
    }
}
