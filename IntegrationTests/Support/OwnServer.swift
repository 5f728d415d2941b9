import FlotillaTesting
import Foundation
import Synchronization
import Testing

/// A PostgreSQL server of one test, to be ended, started again and kept short.
final class OwnServer: Sendable {
    private let directory: Directory
    private let options: [String]
    private let state: Mutex<(server: PostgresServer?, port: Int)>
    /// The database of the system under test.
    let url: String

    /// - Parameter role: whom the system logs in as; the server's owner when `nil`.
    init(options: String..., role: String? = nil) throws {
        // Its memory is lost with the machine alone, which is not what these tests are about.
        self.options = ["-c fsync=off"] + options.map { "-c \($0)" }
        directory = try Directory()
        let server = try PostgresServer(options: self.options, directory: directory.path)
        let port = server.uri.split(separator: ":").last?.prefix { $0.isNumber } ?? ""
        state = Mutex((server, Int(port) ?? 0))
        let database = try server.makeDatabase()
        guard let role else {
            url = database
            return
        }
        try server.run(
            """
            CREATE ROLE \(role) LOGIN;
            GRANT CREATE ON DATABASE \(Self.name(of: database)) TO \(role)
            """)
        url = database.replacing("flotilla@", with: "\(role)@")
    }

    var name: String { Self.name(of: url) }

    /// Runs a statement as the server's owner, beside the system.
    @discardableResult
    func run(_ sql: String) async throws -> String {
        guard let uri = state.withLock({ $0.server?.uri }) else { throw CancellationError() }
        let run = try await Program.run(
            Program.psql, ["--no-psqlrc", "-qAt", "-v", "ON_ERROR_STOP=1", "-c", sql, uri])
        try #require(run.exitCode == 0, "\(run)")
        return run.output
    }

    /// Ends the sessions of the system; says how many there were.
    @discardableResult
    func terminateSessions() async throws -> Int {
        let count = try await run(
            """
            SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
            WHERE application_name LIKE 'flotilla/%'
            """)
        return Int(count.trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0
    }

    /// Ends the server: as one is shut down, or at once, so that it has to recover when it starts.
    func stop(atOnce: Bool = false) {
        state.withLock { state in
            if atOnce, let server = state.server { kill(server.processID, SIGQUIT) }
            state.server = nil
        }
    }

    /// Starts it again on the same port.
    func start() throws {
        try state.withLock { state in
            state.server = try PostgresServer(
                options: options, directory: directory.path, port: state.port)
        }
    }

    /// Stops every process of it where it stands: the machine goes on to take what is sent to it,
    /// and nobody answers.
    func pause() throws { try signalAll(SIGSTOP) }

    /// Lets it go on.
    func resume() throws { try signalAll(SIGCONT) }

    private func signalAll(_ signal: Int32) throws {
        guard let parent = state.withLock({ $0.server?.processID }) else { return }
        kill(parent, signal)
        // A stopped parent gets no further children (proc(5)).
        let children = try String(
            contentsOfFile: "/proc/\(parent)/task/\(parent)/children", encoding: .utf8)
        for child in children.split(separator: " ").compactMap({ pid_t($0) }) {
            kill(child, signal)
        }
    }

    func remove() {
        try? resume()
        stop()
        directory.remove()
    }

    private static func name(of url: String) -> String {
        url.split(separator: "/").last.map(String.init) ?? ""
    }
}
