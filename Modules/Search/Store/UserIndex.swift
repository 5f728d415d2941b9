import Events
import Foundation
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
            """ + words(dialect)
        }
    ])

/// The words of each user, kept in step with the table by the engine.
private func words(_ dialect: Dialect) -> String {
    switch dialect {
    case .sqlite:
        """


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
    case .postgresql:
        """

        -- As FTS5 splits words: letters and digits without their marks, in lower case. Words of no
        -- language are stemmed. Unicode decides what a letter is, whatever the database's locale. A
        -- name weighs more than the address.
        CREATE FUNCTION folded(text text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
            SELECT regexp_replace(
                lower(regexp_replace(normalize(text, NFKD), '[\\u0300-\\u036f]', '', 'g')
                    COLLATE "und-x-icu"),
                '[^[:alnum:]]+', ' ', 'g')
        $$;
        ALTER TABLE indexed_users ADD COLUMN words tsvector GENERATED ALWAYS AS (
            setweight(to_tsvector('simple', folded(first_name || ' ' || last_name)), 'A')
            || setweight(to_tsvector('simple', folded(email)), 'C')
        ) STORED;
        CREATE INDEX indexed_users_words ON indexed_users USING gin (words);
        """
    }
}

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
    /// On PostgreSQL there may be gaps in the numbers: those of a rollback are not given out again.
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

    func setEmail(_ email: String, of id: UserID, in transaction: Transaction) throws {
        try transaction.execute(
            "UPDATE indexed_users SET email = \(email) WHERE user_id = \(id)")
    }

    func remove(_ id: UserID, in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM indexed_users WHERE user_id = \(id)")
    }

    /// Whoever fits, with a score: FTS5's BM25, or PostgreSQL's rank by frequency and nearness.
    private func hits(of query: SearchQuery, _ dialect: Dialect) -> SQL {
        switch dialect {
        case .sqlite:
            """
            SELECT u.number, u.user_id, u.email, u.first_name, u.last_name,
                   -bm25(user_words, 4.0, 4.0, 1.0) AS score
            FROM user_words JOIN indexed_users u ON u.number = user_words.rowid
            WHERE user_words MATCH \(query.expression)
            """
        case .postgresql:
            // Whole words are asked for once more, so that Ann comes before Annabel.
            """
            SELECT u.number, u.user_id, u.email, u.first_name, u.last_name,
                   (ts_rank('{0, 0.25, 0.25, 1}', u.words, q.beginnings)
                    + ts_rank('{0, 0.25, 0.25, 1}', u.words, q.wholes))::float8 AS score
            FROM indexed_users u, (
                SELECT to_tsquery('simple', \(query.beginnings)) AS beginnings,
                       to_tsquery('simple', \(query.wholes)) AS wholes
            ) AS q
            WHERE u.words @@ q.beginnings
            """
        }
    }

    /// The best hits; names weigh more than the address.
    ///
    /// - Parameter after: the last hit of the page before.
    func search(
        _ query: SearchQuery, limit: Int, after: (score: Double, number: Int64)?,
        in transaction: Transaction
    ) throws -> [UserHit] {
        var sql: SQL = "SELECT * FROM (\(hits(of: query, transaction.dialect))) AS hits"
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

    /// PostgreSQL's query syntax: every word begins a word of the user.
    var beginnings: String { plainWords.map { "\($0):*" }.joined(separator: " & ") }

    /// Words that the user has as they are; one is enough.
    var wholes: String { plainWords.joined(separator: " | ") }

    /// The words as the index has them: without marks, ligatures taken apart.
    private var plainWords: [String] {
        words.flatMap { word in
            let scalars = word.lowercased().decomposedStringWithCompatibilityMapping.unicodeScalars
                .filter { !(0x300...0x36F).contains($0.value) }
            return String(String.UnicodeScalarView(scalars))
                .split { !$0.isLetter && !$0.isNumber }.map(String.init)
        }
    }

    /// FTS5's query syntax: each word quoted, so that none is an operator. A whole word counts
    /// beside the prefix that it also is, so that Ann comes before Annabel.
    var expression: String {
        words.map { "(\"\($0)\" OR \"\($0)\"*)" }.joined(separator: " AND ")
    }
}
