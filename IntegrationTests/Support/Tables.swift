import Foundation
import Testing

/// The databases of a running or stopped system, read behind its back by the engines' own tools.
///
/// What is asked in one module's name has its tables at hand; what is asked of several names each
/// as `"module".table`. Both engines understand most of it; for the rest there are words below.
struct Tables: Sendable {
    /// As `FLOTILLA_STORAGE_URL` says it.
    let url: String

    var isPostgres: Bool { url.hasPrefix("postgres") }

    /// Rows of a module's database, each as an object.
    func rows(_ module: String, _ sql: String) async throws -> [JSON] {
        try JSON.rows(
            of: isPostgres
                ? try await psql([Self.path(to: module), Self.asJSON(sql)], isReading: true)
                : try await sqlite(["-readonly", "-json"], module, sql))
    }

    /// The values of a query's first column `x`, with how often each comes.
    func counts(_ module: String, _ sql: String) async throws -> [String: Int] {
        try await rows(module, sql).reduce(into: [:]) { counts, row in
            counts[row["x"].string ?? row["x"].description, default: 0] += 1
        }
    }

    /// Changes a database; for damage that no program of ours would do.
    func damage(
        _ module: String, _ sql: String, within limit: Duration = .seconds(20)
    ) async throws {
        if isPostgres {
            _ = try await psql([Self.path(to: module), sql], within: limit)
        } else {
            _ = try await sqlite([], module, sql, within: limit)
        }
    }

    /// Rows of a query over several modules' databases at once.
    ///
    /// - Parameter prelude: statements before the query, whose tables are temporary.
    func rowsOfAll(
        _ modules: [String], prelude: String = "", _ query: String
    ) async throws -> [JSON] {
        if isPostgres {
            let answer = try await psql([prelude, Self.asJSON(query)], within: .seconds(60))
            return try JSON.rows(of: answer)
        }
        let attaching = modules.map { "ATTACH '\(path(of: $0))' AS \"\($0)\";" }
        let run = try await Program.run(
            "/usr/bin/sqlite3", ["-json", "-cmd", ".timeout 5000", ":memory:"],
            input: Data((attaching.joined() + prelude + query + ";").utf8), within: .seconds(60))
        try #require(run.exitCode == 0 && run.complaints.isEmpty, "\(run)")
        return try JSON.rows(of: run.output)
    }

    /// A SQLite database's rows as SQL that makes them again, to compare bytes.
    func dump(_ module: String, _ table: String) async throws -> String {
        try await sqlite(["-readonly"], module, ".dump \(table)")
    }

    // MARK: What the engines say differently

    /// An instant in microseconds since 1970 as a column has it.
    func time(_ microseconds: String) -> String {
        isPostgres ? "to_timestamp((\(microseconds)) / 1000000.0)" : "(\(microseconds))"
    }

    /// Twelve hexadecimal digits of a number, as the end of a UUID.
    func hexadecimal(_ number: String) -> String {
        isPostgres ? "lpad(to_hex(\(number)), 12, '0')" : "printf('%012x', \(number))"
    }

    /// A UUID out of text.
    func uuid(_ text: String) -> String { isPostgres ? "(\(text))::uuid" : "(\(text))" }

    /// A JSON object, of names and values in turn.
    func object(_ parts: String...) -> String {
        (isPostgres ? "jsonb_build_object(" : "json_object(") + parts.joined(separator: ", ") + ")"
    }

    /// A JSON array.
    func array(_ parts: String...) -> String {
        (isPostgres ? "jsonb_build_array(" : "json_array(") + parts.joined(separator: ", ") + ")"
    }

    // MARK: Their tools

    private static func path(to module: String) -> String { "SET search_path TO \"\(module)\"" }

    private static func asJSON(_ query: String) -> String {
        "SELECT coalesce(json_agg(r), '[]') FROM (\n\(query)\n) AS r"
    }

    private func path(of module: String) -> String {
        "\(url.dropFirst("sqlite:".count))/\(module).sqlite"
    }

    private func psql(
        _ statements: [String], isReading: Bool = false, within limit: Duration = .seconds(20)
    ) async throws -> String {
        let run = try await Program.run(
            Program.psql, ["--no-psqlrc", "-qAt", "-v", "ON_ERROR_STOP=1", url],
            environment: isReading ? ["PGOPTIONS": "-c default_transaction_read_only=on"] : [:],
            input: Data(statements.map { $0 + ";\n" }.joined().utf8), within: limit)
        try #require(run.exitCode == 0 && run.complaints.isEmpty, "\(run)")
        return run.output
    }

    private func sqlite(
        _ options: [String], _ module: String, _ sql: String,
        within limit: Duration = .seconds(20)
    ) async throws -> String {
        let run = try await Program.run(
            "/usr/bin/sqlite3", options + ["-cmd", ".timeout 5000", path(of: module), sql],
            within: limit)
        try #require(run.exitCode == 0 && run.complaints.isEmpty, "\(run)")
        return run.output
    }
}

extension RunningSystem {
    var tables: Tables { Tables(url: environment["FLOTILLA_STORAGE_URL"] ?? "") }
}

extension JSON {
    /// An array as the tools print it; nothing at all when there is no row.
    fileprivate static func rows(of text: String) throws -> [JSON] {
        text.isEmpty ? [] : try JSON(parsing: Data(text.utf8)).array
    }
}
