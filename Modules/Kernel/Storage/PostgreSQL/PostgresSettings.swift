import Foundation

/// How a module's connections are made and used.
struct PostgresSettings: Sendable {
    let module: String
    let url: PostgresURL
    let pool: PoolSettings

    var slowStatement: Duration { pool.slowStatement }

    /// libpq's parameters. Those before the URI may be said otherwise by it.
    func connectionParameters() throws -> [(String, String)] {
        var parameters = [
            ("connect_timeout", "\(max(2, Int(pool.acquireTimeout / .seconds(1))))"),
            // A server that vanished without a word is noticed within half a minute.
            ("keepalives_idle", "10"), ("keepalives_interval", "5"), ("keepalives_count", "3"),
            ("tcp_user_timeout", "20000"),
            ("dbname", url.uri),
            ("application_name", "flotilla/\(module)"), ("client_encoding", "UTF8"),
        ]
        if let password = try url.password() { parameters.append(("password", password)) }
        return parameters
    }

    /// What each session begins with.
    var sessionScript: String {
        """
        SET search_path TO "\(schema)";
        SET timezone TO 'UTC';
        SET default_transaction_isolation TO 'repeatable read';
        SET statement_timeout TO \(Int(pool.statementTimeout / .milliseconds(1)));
        SET idle_in_transaction_session_timeout TO \(Int(pool.idleTimeout / .milliseconds(1)))
        """
    }

    /// The module's own.
    var schema: String { module }

    func channel(of news: DatabaseNews) -> String { "flotilla_\(schema)_\(news.rawValue)" }
}

/// How many connections a module's pool may have, and how long things may take.
public struct PoolSettings: Sendable, Hashable {
    /// Connections at most; they are opened when they are needed.
    public var connectionCountMax = 8
    /// How long a transaction waits for a connection before it is refused.
    public var acquireTimeout = Duration.seconds(5)
    /// How long one statement may take before the server ends it.
    public var statementTimeout = Duration.seconds(30)
    /// How long the server lets a transaction stand idle before it ends the session: a process that
    /// was stopped in the middle of one must not hold its locks.
    public var idleTimeout = Duration.seconds(5)
    /// A statement that takes as long is logged.
    public var slowStatement = Duration.milliseconds(500)

    /// The defaults.
    public init() {}
}
