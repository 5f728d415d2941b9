import Foundation
public import Storage
import Synchronization

/// A throw-away PostgreSQL server, gone when the process that started it is.
///
/// It runs as a user other than root on a free port (`scripts/postgres.sh`), so that several test
/// processes can have one each.
public final class PostgresServer: Sendable {
    /// The server's process.
    public let processID: pid_t
    /// Where its database `flotilla` is.
    public let uri: String
    private let leash: Leash

    /// Starts a server; blocks until it takes connections.
    ///
    /// - Parameters:
    ///   - options: what the server is given beside its defaults: `-c max_connections=300`.
    ///   - directory: where its data is kept after its end; thrown away when `nil`.
    ///   - port: 0 takes a free one.
    /// - Throws: ``PostgresServerError``; the file system's error.
    public init(
        options: [String] = [], directory: String? = nil, port: Int = 0
    ) throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../..").standardizedFileURL
        let path = root.appending(path: "scripts/postgres.sh").path
        let arguments = directory.map { ["run", $0, "\(port)"] } ?? ["throwaway"]
        leash = try Leash(
            path, arguments,
            environment: ["POSTGRES_OPTIONS": options.joined(separator: " ")])
        let words = [leash.readLine(), leash.readLine()].compactMap(\.self)
            .flatMap { $0.split(separator: " ").map(String.init) }
        guard words.count >= 3, let processID = pid_t(words[2]) else {
            throw PostgresServerError.notStarted(
                "is postgresql-15 installed? `make test-tools` does it")
        }
        uri = words[0]
        self.processID = processID
    }

    /// The one that all tests of this process share.
    ///
    /// - Throws: as `init`.
    public static func shared() throws -> PostgresServer {
        try common.withLock { server in
            if let server { return server }
            let new = try PostgresServer(options: [
                "-c", "max_connections=300", "-c", "max_prepared_transactions=10",
            ])
            server = new
            return new
        }
    }

    private static let common = Mutex<PostgresServer?>(nil)

    /// Makes an empty database; blocks.
    ///
    /// - Returns: its URI.
    /// - Throws: ``PostgresServerError``.
    public func makeDatabase() throws -> String {
        let name = "test_\(UUID().uuidString.lowercased().replacing("-", with: ""))"
        try run("CREATE DATABASE \(name)")
        return String(uri.dropLast("flotilla".count)) + name
    }

    /// Runs a statement as the server's owner, for what a program can't do to itself; blocks.
    ///
    /// - Returns: what `psql` printed: a line a row, columns separated by `|`.
    /// - Throws: ``PostgresServerError``.
    @discardableResult
    public func run(_ sql: String, in database: String? = nil) throws -> String {
        let outcome = try Command.run(
            "/usr/bin/psql",
            ["--no-psqlrc", "-qAt", "-v", "ON_ERROR_STOP=1", "-c", sql, database ?? uri])
        guard outcome.status == 0 else {
            throw PostgresServerError.refused(
                String(decoding: outcome.complaints, as: UTF8.self))
        }
        return String(decoding: outcome.output, as: UTF8.self)
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }
}

/// Why there is no test server, or no answer from it.
public enum PostgresServerError: Error, Hashable {
    /// It did not come up.
    case notStarted(String)
    /// It refused a statement.
    case refused(String)
}

/// The engines that a module has to run on.
public enum StorageEngine: String, Sendable, CaseIterable {
    case sqlite
    case postgres

    /// The one that `FLOTILLA_TEST_STORAGE` names, so that a module's tests run on each; SQLite
    /// when it names none.
    public static var preferred: StorageEngine {
        ProcessInfo.processInfo.environment["FLOTILLA_TEST_STORAGE"].flatMap(Self.init) ?? .sqlite
    }

    /// A place for the databases of one test.
    ///
    /// - Parameter directory: where SQLite's files go.
    /// - Throws: ``PostgresServerError``.
    public func makeURL(in directory: TemporaryDirectory) async throws -> StorageURL {
        switch self {
        case .sqlite: return .sqlite(directory: directory.path)
        case .postgres:
            // It starts a server and runs programs: not on the threads that other tests need.
            let text = try await withCheckedThrowingContinuation { continuation in
                DispatchQueue.global().async {
                    continuation.resume(
                        with: Result { try PostgresServer.shared().makeDatabase() })
                }
            }
            guard let url = StorageURL(text) else { throw PostgresServerError.notStarted(text) }
            return url
        }
    }
}
