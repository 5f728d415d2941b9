import Events
import Foundation
import Storage
import Web

let notificationMigrations = MigrationSet(
    component: "notification",
    migrations: [
        Migration(1, "create notices") { dialect in
            """
            CREATE TABLE notices (
                id \(dialect.uuid) NOT NULL PRIMARY KEY,
                user_id \(dialect.uuid) NOT NULL,
                kind TEXT NOT NULL,
                channel TEXT NOT NULL,
                subject TEXT NOT NULL,
                status TEXT NOT NULL,
                created_at \(dialect.timestamp) NOT NULL
            ) \(dialect.strict);
            CREATE INDEX notices_user ON notices (user_id, created_at, id);
            """
        }
    ])

/// Something that was sent to a user. Its id is the event's that caused it.
struct Notice: Sendable, Hashable {
    let id: EventID
    let userID: UserID
    let kind: Kind
    let channel: Channel
    let subject: String
    let status: Status
    let createdAt: Date

    enum Kind: String, SQLConvertible, Sendable { case welcome }
    enum Channel: String, SQLConvertible, Sendable { case email }
    enum Status: String, SQLConvertible, Sendable { case sent, failed }
}

/// Notices as rows.
struct NoticeStore: Sendable {
    func insert(_ notice: Notice, in transaction: Transaction) throws {
        try transaction.execute(
            """
            INSERT INTO notices (id, user_id, kind, channel, subject, status, created_at)
            VALUES (\(notice.id), \(notice.userID), \(notice.kind), \(notice.channel),
                    \(notice.subject), \(notice.status), \(notice.createdAt))
            ON CONFLICT (id) DO NOTHING
            """)
    }

    /// A user's notices, newest first, one more than the page has room for.
    func list(
        of user: UserID, page: PageRequest, in transaction: Transaction
    ) throws -> [Notice] {
        var sql: SQL = """
            SELECT id, user_id, kind, channel, subject, status, created_at FROM notices
            WHERE user_id = \(user)
            """
        if let after = page.after {
            sql = sql + " AND (created_at, id) < (\(after.time), \(after.id))"
        }
        sql = sql + " ORDER BY created_at DESC, id DESC LIMIT \(page.limit + 1)"
        return try transaction.rows(sql).map { row in
            Notice(
                id: try row.get("id"), userID: try row.get("user_id"), kind: try row.get("kind"),
                channel: try row.get("channel"), subject: try row.get("subject"),
                status: try row.get("status"), createdAt: try row.get("created_at"))
        }
    }

    /// Erases what was sent to a user: subjects name them.
    func erase(_ user: UserID, in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM notices WHERE user_id = \(user)")
    }
}
