import Events
import Storage

let searchMigrations = MigrationSet(
    component: "search",
    migrations: [
        Migration(1, "create user index") { dialect in
            """
            CREATE TABLE indexed_users (
                number \(dialect.identity),
                user_id \(dialect.uuid) NOT NULL UNIQUE,
                email TEXT NOT NULL,
                first_name TEXT NOT NULL,
                last_name TEXT NOT NULL
            ) \(dialect.strict);

            -- FTS5 over that table (https://www.sqlite.org/fts5.html, section 4.4.3): it keeps
            -- words, not copies, and the triggers keep it in step.
            CREATE VIRTUAL TABLE user_words USING fts5 (
                first_name, last_name, email,
                content = 'indexed_users', content_rowid = 'number',
                tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3'
            );
            CREATE TRIGGER indexed_users_inserted AFTER INSERT ON indexed_users BEGIN
                INSERT INTO user_words (rowid, first_name, last_name, email)
                VALUES (new.number, new.first_name, new.last_name, new.email);
            END;
            CREATE TRIGGER indexed_users_deleted AFTER DELETE ON indexed_users BEGIN
                INSERT INTO user_words (user_words, rowid, first_name, last_name, email)
                VALUES ('delete', old.number, old.first_name, old.last_name, old.email);
            END;
            CREATE TRIGGER indexed_users_updated AFTER UPDATE ON indexed_users BEGIN
                INSERT INTO user_words (user_words, rowid, first_name, last_name, email)
                VALUES ('delete', old.number, old.first_name, old.last_name, old.email);
                INSERT INTO user_words (rowid, first_name, last_name, email)
                VALUES (new.number, new.first_name, new.last_name, new.email);
            END;
            """
        }
    ])

/// A user as the index knows them.
struct IndexedUser: Sendable, Hashable {
    let id: UserID
    let email: String
    let firstName: String
    let lastName: String
}

/// A user that was found, and how well they fit: higher is better.
struct UserHit: Sendable, Hashable {
    let user: IndexedUser
    let score: Double
    let number: Int64
}

/// The full-text index of users.
struct UserIndex: Sendable {
    /// Empties the index; it counts from 1 again, so that a rebuilt one is the same in every byte.
    func clear(in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM indexed_users")
        try transaction.execute(
            """
            \(only: .sqlite, "DELETE FROM sqlite_sequence WHERE name = 'indexed_users'")\
            \(only: .postgresql, "ALTER SEQUENCE indexed_users_number_seq RESTART")
            """)
    }

    func put(_ user: IndexedUser, in transaction: Transaction) throws {
        try transaction.execute(
            """
            INSERT INTO indexed_users (user_id, email, first_name, last_name)
            VALUES (\(user.id), \(user.email), \(user.firstName), \(user.lastName))
            ON CONFLICT (user_id) DO UPDATE SET email = excluded.email,
                first_name = excluded.first_name, last_name = excluded.last_name
            """)
    }

    func rename(
        _ id: UserID, firstName: String, lastName: String, in transaction: Transaction
    ) throws {
        try transaction.execute(
            """
            UPDATE indexed_users SET first_name = \(firstName), last_name = \(lastName)
            WHERE user_id = \(id)
            """)
    }

    func remove(_ id: UserID, in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM indexed_users WHERE user_id = \(id)")
    }

    /// The best hits, ranked by BM25; names weigh more than the address.
    ///
    /// - Parameter after: the last hit of the page before.
    func search(
        _ query: SearchQuery, limit: Int, after: (score: Double, number: Int64)?,
        in transaction: Transaction
    ) throws -> [UserHit] {
        var sql: SQL = """
            SELECT * FROM (
                SELECT u.number, u.user_id, u.email, u.first_name, u.last_name,
                       -bm25(user_words, 4.0, 4.0, 1.0) AS score
                FROM user_words JOIN indexed_users u ON u.number = user_words.rowid
                WHERE user_words MATCH \(query.expression)
            )
            """
        if let after {
            sql =
                sql + """
                     WHERE score < \(after.score)
                        OR (score = \(after.score) AND number > \(after.number))
                    """
        }
        sql = sql + " ORDER BY score DESC, number LIMIT \(limit)"
        return try transaction.rows(sql).map { row in
            UserHit(
                user: IndexedUser(
                    id: try row.get("user_id"), email: try row.get("email"),
                    firstName: try row.get("first_name"), lastName: try row.get("last_name")),
                score: try row.get("score"), number: try row.get("number"))
        }
    }
}

/// What somebody typed, as words that all must begin a word of the user.
struct SearchQuery: Sendable, Hashable {
    private static let wordCountMax = 10
    let words: [String]

    /// `nil` when the text has no letter and no digit.
    init?(_ text: String) {
        words = text.split { !$0.isLetter && !$0.isNumber }
            .prefix(Self.wordCountMax).map(String.init)
        if words.isEmpty { return nil }
    }

    /// FTS5's query syntax: each word quoted, so that none is an operator. A whole word counts
    /// beside the prefix that it also is, so that Ann comes before Annabel.
    var expression: String {
        words.map { "(\"\($0)\" OR \"\($0)\"*)" }.joined(separator: " AND ")
    }
}
