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
    func damage(_ module: String, _ sql: String) async throws {
        _ = try await sqlite([], module, sql)
    }

    private func sqlite(
        _ options: [String], _ module: String, _ sql: String
    ) async throws -> String {
        let run = try await Program.run(
            "/usr/bin/sqlite3",
            options + ["-cmd", ".timeout 5000", "\(directory.path)/data/\(module).sqlite", sql])
        try #require(run.exitCode == 0 && run.complaints.isEmpty, "\(run)")
        return run.output
    }
}

extension RunningSystem {
    var tables: Tables { Tables(directory: directory) }
}
