import Foundation
import Testing

/// The databases of a running or stopped system, read behind its back.
struct Tables: Sendable {
    let directory: Directory

    /// Rows of a module's database, each as an object.
    func rows(_ module: String, _ sql: String) async throws -> [JSON] {
        let answer = try await sqlite(["-readonly", "-json"], module, sql)
        return answer.isEmpty ? [] : try JSON(parsing: Data(answer.utf8)).array
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
        _ = try await sqlite([], module, sql, within: limit)
    }

    /// Rows of a query over several databases at once, each attached under its module's name.
    func rowsOfAll(_ modules: [String], _ sql: String) async throws -> [JSON] {
        let attaching = modules.map {
            "ATTACH '\(directory.path)/data/\($0).sqlite' AS \"\($0)\";"
        }
        let run = try await Program.run(
            "/usr/bin/sqlite3", ["-json", "-cmd", ".timeout 5000", ":memory:"],
            input: Data((attaching.joined() + sql).utf8), within: .seconds(60))
        try #require(run.exitCode == 0 && run.complaints.isEmpty, "\(run)")
        return run.output.isEmpty ? [] : try JSON(parsing: Data(run.output.utf8)).array
    }

    /// A database's rows as SQL that makes them again, to compare bytes.
    func dump(_ module: String, _ table: String) async throws -> String {
        try await sqlite(["-readonly"], module, ".dump \(table)")
    }

    private func sqlite(
        _ options: [String], _ module: String, _ sql: String,
        within limit: Duration = .seconds(20)
    ) async throws -> String {
        let run = try await Program.run(
            "/usr/bin/sqlite3",
            options + ["-cmd", ".timeout 5000", "\(directory.path)/data/\(module).sqlite", sql],
            within: limit)
        try #require(run.exitCode == 0 && run.complaints.isEmpty, "\(run)")
        return run.output
    }
}

extension RunningSystem {
    var tables: Tables { Tables(directory: directory) }
}
