import Events
import Foundation
import Storage

/// Where mails to users go, as rows.
struct RecipientStore: Sendable {
    /// Notes a new user; one who is known or was deleted stays as they are.
    func insert(_ id: UserID, email: String, in transaction: Transaction) throws {
        try transaction.execute(
            """
            INSERT INTO recipients (user_id, email) VALUES (\(id), \(email))
            ON CONFLICT (user_id) DO NOTHING
            """)
    }

    func move(_ id: UserID, to email: String, in transaction: Transaction) throws {
        try transaction.execute(
            """
            UPDATE recipients SET email = \(email)
            WHERE user_id = \(id) AND deleted_at IS NULL
            """)
    }

    /// Erases what is personal and keeps the mark, so that a replay can't bring it back.
    func erase(_ id: UserID, at deletedAt: Date, in transaction: Transaction) throws {
        try transaction.execute(
            """
            INSERT INTO recipients (user_id, email, deleted_at)
            VALUES (\(id), '', \(deletedAt))
            ON CONFLICT (user_id) DO UPDATE SET email = '', deleted_at = \(deletedAt)
            """)
    }

    func find(_ id: UserID, in transaction: Transaction) throws -> Recipient {
        let row = try transaction.first(
            "SELECT email, deleted_at FROM recipients WHERE user_id = \(id)")
        guard let row else { return .unknown }
        let deletedAt: Date? = try row.get("deleted_at")
        guard deletedAt == nil else { return .deleted }
        return .known(email: try row.get("email"))
    }
}

/// What is known of a user to write to.
enum Recipient: Sendable, Hashable {
    case known(email: String)
    /// Nothing is written to them any more.
    case deleted
    /// Their account is older than this knowledge.
    case unknown
}
