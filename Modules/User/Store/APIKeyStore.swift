import Events
import Foundation
import Storage
import UserContract
import Web

/// Keys of services as rows.
struct APIKeyStore: Sendable {
    private static let columns: SQL = """
        id, name, permissions, created_by, created_at, expires_at, used_at, revoked_at
        """

    /// What a key that is shown is compared with.
    struct Hashes: Sendable {
        let present: String
        let previous: String?
        let previousUntil: Date?
    }

    func insert(_ key: APIKey, hash: String, in transaction: Transaction) throws {
        let permissions = JSON(try FlotillaJSON.encode(key.permissions.sorted()))
        try transaction.execute(
            """
            INSERT INTO api_keys
                (id, name, permissions, hash, created_by, created_at, expires_at)
            VALUES (\(key.id.uuid), \(key.name), \(permissions), \(hash), \(key.createdBy),
                    \(key.createdAt), \(key.expiresAt))
            """)
    }

    func find(_ id: APIKeyID, in transaction: Transaction) throws -> APIKey? {
        try transaction.first("SELECT \(Self.columns) FROM api_keys WHERE id = \(id.uuid)")
            .map(key)
    }

    func hashes(of id: APIKeyID, in transaction: Transaction) throws -> Hashes? {
        try transaction.first(
            "SELECT hash, previous_hash, previous_until FROM api_keys WHERE id = \(id.uuid)"
        ).map { row in
            Hashes(
                present: try row.get("hash"), previous: try row.get("previous_hash"),
                previousUntil: try row.get("previous_until"))
        }
    }

    /// A page of keys, the newest first, with one more to know whether it is the last.
    func list(_ page: PageRequest, in transaction: Transaction) throws -> [APIKey] {
        var query: SQL = "SELECT \(Self.columns) FROM api_keys"
        if let cursor = page.after {
            query = query + " WHERE (created_at, id) < (\(cursor.time), \(cursor.id))"
        }
        return try transaction.rows(
            query + " ORDER BY created_at DESC, id DESC LIMIT \(page.limit + 1)"
        ).map(key)
    }

    /// Gives a key another secret; the one before works until then.
    func rotate(
        _ id: APIKeyID, to hash: String, until: Date, in transaction: Transaction
    ) throws {
        try transaction.execute(
            """
            UPDATE api_keys SET previous_hash = hash, previous_until = \(until), hash = \(hash)
            WHERE id = \(id.uuid)
            """)
    }

    func noteUse(of id: APIKeyID, at now: Date, in transaction: Transaction) throws {
        try transaction.execute("UPDATE api_keys SET used_at = \(now) WHERE id = \(id.uuid)")
    }

    /// `false` when it is worth nothing already.
    func revoke(_ id: APIKeyID, at now: Date, in transaction: Transaction) throws -> Bool {
        try transaction.rowsChanged(
            by: """
                UPDATE api_keys SET revoked_at = \(now)
                WHERE id = \(id.uuid) AND revoked_at IS NULL
                """) == 1
    }

    private func key(_ row: Row) throws -> APIKey {
        APIKey(
            id: APIKeyID(try row.get("id", as: UUID.self)), name: try row.get("name"),
            permissions: Set(
                try FlotillaJSON.decode(
                    [String].self, from: try row.get("permissions"))),
            createdBy: try row.get("created_by"), createdAt: try row.get("created_at"),
            expiresAt: try row.get("expires_at"), usedAt: try row.get("used_at"),
            revokedAt: try row.get("revoked_at"))
    }
}
