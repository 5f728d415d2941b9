import Testing

extension RunningSystem {
    /// What Search has made of the events that it heard: in one process on SQLite every byte.
    ///
    /// On PostgreSQL the numbers of the rows count only in relation to each other: those of a
    /// transaction that came to nothing are not given out again. In several processes they do not
    /// count at all: no order holds between the partitions of a topic.
    var searchProjection: String {
        get async throws {
            guard topology.isOnPostgres || topology.isSplit else {
                return try await tables.dump("search", "indexed_users")
            }
            let words = topology.isOnPostgres ? ", words::text AS words" : ""
            return try await tables.rows(
                "search",
                """
                SELECT user_id, email, first_name, last_name\(words)
                FROM indexed_users ORDER BY \(topology.isSplit ? "user_id" : "number")
                """
            ).map(\.description).joined(separator: "\n")
        }
    }
}
