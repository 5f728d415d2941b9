import Events
import Storage
import Web

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
