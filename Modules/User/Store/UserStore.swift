import Events
import Foundation
import Storage
import Web

/// Users as rows.
struct UserStore: Sendable {
    private static let columns: SQL = """
        id, email, first_name, last_name, phone, bio, preferences, status, password_hash,
        created_at, version, public_fields
        """

    /// Inserts a user; `false` when the address is taken.
    func insert(_ user: User, in transaction: Transaction) throws -> Bool {
        try transaction.rowsChanged(
            by: """
                INSERT INTO users (\(Self.columns), email_key, updated_at)
                VALUES (\(user.id), \(user.email.text), \(user.profile.firstName),
                        \(user.profile.lastName), \(user.profile.phone?.text),
                        \(user.profile.bio), \(try preferences(of: user)), \(user.status),
                        \(user.passwordHash), \(user.createdAt), \(user.version),
                        \(try publicFields(of: user)), \(user.email.key), \(user.createdAt))
                ON CONFLICT (email_key) DO NOTHING
                """) == 1
    }

    /// The user with an id who was not deleted.
    func find(_ id: UserID, in transaction: Transaction) throws -> User? {
        try transaction.first(
            "SELECT \(Self.columns) FROM users WHERE id = \(id) AND deleted_at IS NULL"
        ).map(user)
    }

    /// The user behind an address who was not deleted.
    func find(_ email: EmailAddress, in transaction: Transaction) throws -> User? {
        try transaction.first(
            """
            SELECT \(Self.columns) FROM users
            WHERE email_key = \(email.key) AND deleted_at IS NULL
            """
        ).map(user)
    }

    /// A page of users, the newest first, with one more to know whether it is the last.
    func list(_ page: PageRequest, in transaction: Transaction) throws -> [User] {
        var query: SQL = "SELECT \(Self.columns) FROM users WHERE deleted_at IS NULL"
        if let cursor = page.after {
            query = query + " AND (created_at, id) < (\(cursor.time), \(cursor.id))"
        }
        return try transaction.rows(
            query + " ORDER BY created_at DESC, id DESC LIMIT \(page.limit + 1)"
        ).map(user)
    }

    /// The administrators who can act as such. The rows stay as they are until the transaction
    /// ends, so that two of them can't suspend each other at a time.
    func activeAdministrators(in transaction: Transaction) throws -> [UserID] {
        try transaction.rows(
            """
            SELECT u.id FROM users u JOIN user_roles r ON r.user_id = u.id
            WHERE r.role = \(Role.admin.name) AND u.deleted_at IS NULL
                AND u.status <> \(User.Status.suspended)
            ORDER BY u.id \(only: .postgresql, "FOR UPDATE OF u")
            """
        ).map { try $0.get("id") }
    }

    /// Makes this transaction and any other that changes the user meanwhile conflict, also where
    /// engines let them run side by side: a session that is being opened is to be among those that
    /// a new password ends, or to fail with the old one.
    func touch(_ id: UserID, in transaction: Transaction) throws {
        guard transaction.dialect == .postgresql else { return }
        try transaction.execute("UPDATE users SET updated_at = updated_at WHERE id = \(id)")
    }

    /// Replaces a password's hash by a better one of the same password, unless it was changed.
    func renew(
        _ hash: String, over old: String, of id: UserID, in transaction: Transaction
    ) throws {
        try transaction.execute(
            """
            UPDATE users SET password_hash = \(hash)
            WHERE id = \(id) AND password_hash = \(old)
            """)
    }

    /// Stores a changed user. The address is not among it.
    func update(_ user: User, at now: Date, in transaction: Transaction) throws {
        try transaction.execute(
            """
            UPDATE users SET version = \(user.version),
                public_fields = \(try publicFields(of: user)),
                first_name = \(user.profile.firstName),
                last_name = \(user.profile.lastName), phone = \(user.profile.phone?.text),
                bio = \(user.profile.bio), preferences = \(try preferences(of: user)),
                status = \(user.status), password_hash = \(user.passwordHash),
                updated_at = \(now)
            WHERE id = \(user.id)
            """)
    }

    /// Gives an account another address; `false` when another one has it.
    func setEmail(
        _ email: EmailAddress, of id: UserID, at now: Date, in transaction: Transaction
    ) throws -> Bool {
        if let owner = try find(email, in: transaction), owner.id != id { return false }
        try transaction.execute(
            """
            UPDATE users SET email = \(email.text), email_key = \(email.key), updated_at = \(now)
            WHERE id = \(id)
            """)
        return true
    }

    /// Erases what is personal and keeps the id, so that it is never given out again.
    func erase(_ id: UserID, at now: Date, in transaction: Transaction) throws {
        try transaction.execute(
            """
            UPDATE users SET email = '', email_key = \("deleted:\(id)"), first_name = '',
                last_name = '', phone = NULL, bio = NULL, preferences = '{}', public_fields = '[]',
                password_hash = '', updated_at = \(now), deleted_at = \(now)
            WHERE id = \(id)
            """)
        try transaction.execute("DELETE FROM user_roles WHERE user_id = \(id)")
        try transaction.execute(
            """
            DELETE FROM refresh_tokens WHERE session_id IN (
                SELECT id FROM sessions WHERE user_id = \(id))
            """)
        try transaction.execute("DELETE FROM sessions WHERE user_id = \(id)")
        try transaction.execute("DELETE FROM addresses WHERE user_id = \(id)")
    }

    private func preferences(of user: User) throws -> JSON {
        JSON(try FlotillaJSON.encode(user.profile.preferences))
    }

    private func publicFields(of user: User) throws -> JSON {
        let names = user.profile.publicFields.map(\.rawValue).sorted()
        return JSON(try FlotillaJSON.encode(names))
    }

    private func user(_ row: Row) throws -> User {
        guard let email = EmailAddress(try row.get("email")) else { throw UserError.notFound }
        return User(
            id: try row.get("id"), email: email,
            profile: Profile(
                firstName: try row.get("first_name"), lastName: try row.get("last_name"),
                phone: try row.get("phone", as: String?.self).flatMap { PhoneNumber($0) },
                bio: try row.get("bio"),
                preferences: try FlotillaJSON.decode(
                    [String: String].self, from: try row.get("preferences")),
                publicFields: try FlotillaJSON.decode(
                    Set<Profile.PublicField>.self, from: try row.get("public_fields"))),
            status: try row.get("status"), passwordHash: try row.get("password_hash"),
            createdAt: try row.get("created_at"), version: try row.get("version"))
    }
}
