public import Foundation
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
    /// What the process reads; its end is what stops the server.
    private let leash: Int32
    private let script: pid_t

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
        let child = try Self.spawn(path, arguments, options: options)
        leash = child.input
        script = child.processID
        let words = child.firstLines.split { $0 == " " || $0 == "\n" }.map(String.init)
        guard words.count >= 3, let processID = pid_t(words[2]) else {
            close(child.input)
            throw PostgresServerError.notStarted(
                "is postgresql-15 installed? `make test-tools` does it")
        }
        uri = words[0]
        self.processID = processID
    }

    deinit {
        close(leash)
        var status: Int32 = 0
        while waitpid(script, &status, 0) < 0, errno == EINTR {}
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

    private static func spawn(
        _ path: String, _ arguments: [String], options: [String]
    ) throws -> (processID: pid_t, input: Int32, firstLines: String) {
        var (input, output): ([Int32], [Int32]) = ([0, 0], [0, 0])
        // No other child of this process may hold the ends open.
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &input) == 0,
            socketpair(AF_UNIX, kind, 0, &output) == 0
        else { throw POSIXError(.EMFILE) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input[0], 0)
        posix_spawn_file_actions_adddup2(&actions, output[1], 1)

        var words: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) }
        var environment = ProcessInfo.processInfo.environment
        environment["POSTGRES_OPTIONS"] = options.joined(separator: " ")
        var variables: [UnsafeMutablePointer<CChar>?] = environment.map {
            strdup("\($0.key)=\($0.value)")
        }
        words.append(nil)
        variables.append(nil)
        defer { for word in words + variables { free(word) } }
        var child: pid_t = 0
        let code = posix_spawn(&child, path, &actions, nil, words, variables)
        close(input[0])
        close(output[1])
        guard code == 0 else { throw POSIXError(POSIXErrorCode(rawValue: code) ?? .ENOENT) }
        defer { close(output[0]) }

        var text = ""
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while text.filter({ $0 == "\n" }).count < 2 {
            let count = read(output[0], &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            text += String(decoding: buffer.prefix(count), as: UTF8.self)
        }
        return (child, input[1], text)
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
