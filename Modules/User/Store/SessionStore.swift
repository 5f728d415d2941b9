import Crypto
import Events
import Foundation
import Storage
import Web

/// Names a session.
struct SessionID: Identifier, SQLConvertible {
    let uuid: UUID
    init(_ uuid: UUID) { self.uuid = uuid }
}

/// A refresh token: 256 random bits, of which only the hash is stored.
struct RefreshToken: Sendable {
    let text: String

    /// A new one.
    init() {
        text = SymmetricKey(size: .bits256).withUnsafeBytes { Data($0) }.base64URLEncoded
    }

    /// One that a client shows.
    init(_ text: String) { self.text = text }

    var hash: String { SHA256.hash(data: Data(text.utf8)).hexEncoded }
}

/// Sessions and their refresh tokens as rows.
struct SessionStore: Sendable {
    /// A session as refreshing needs it.
    struct Session: Sendable {
        let id: SessionID
        let userID: UserID
        let usedAt: Date
        let expiresAt: Date
        let isRevoked: Bool
        /// How and when the user last proved who they are in it.
        let proof: Proof
        /// When the token was given for its successor.
        let spentAt: Date?
    }

    /// A session as its user sees it.
    struct Listed: Sendable {
        let id: SessionID
        let device: Device
        let createdAt: Date
        let usedAt: Date
        let expiresAt: Date
    }

    /// What a session's tokens say of how sure it is whose they are.
    struct Proof: Sendable, Hashable {
        var at: Date
        var assurance: Principal.Assurance
    }

    func open(
        _ id: SessionID, of user: UserID, on device: Device, _ assurance: Principal.Assurance,
        token: RefreshToken, at now: Date, until expiresAt: Date, in transaction: Transaction
    ) throws {
        try purgeSomeExpired(at: now, in: transaction)
        try transaction.execute(
            """
            INSERT INTO sessions
                (id, user_id, ip_address, user_agent, created_at, used_at, expires_at,
                 authenticated_at, assurance)
            VALUES (\(id), \(user), \(device.ipAddress), \(device.userAgent), \(now), \(now),
                    \(expiresAt), \(now), \(assurance.rawValue))
            """)
        try insert(token, of: id, in: transaction)
    }

    /// The session behind a refresh token, spent or not.
    func find(_ token: RefreshToken, in transaction: Transaction) throws -> Session? {
        try transaction.first(
            """
            SELECT s.id, s.user_id, s.used_at, s.expires_at, s.revoked_at, s.created_at,
                s.authenticated_at, s.assurance, t.spent_at
            FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id
            WHERE t.hash = \(token.hash)
            """
        ).map { row in
            Session(
                id: try row.get("id"), userID: try row.get("user_id"),
                usedAt: try row.get("used_at"), expiresAt: try row.get("expires_at"),
                isRevoked: try row.get("revoked_at", as: Date?.self) != nil,
                proof: try proof(row),
                spentAt: try row.get("spent_at"))
        }
    }

    /// Spends a token and gives its session the next; `false` when another request was faster.
    func rotate(
        _ spent: RefreshToken, to next: RefreshToken, of id: SessionID, at now: Date,
        in transaction: Transaction
    ) throws -> Bool {
        let changed = try transaction.rowsChanged(
            by: """
                UPDATE refresh_tokens SET spent_at = \(now)
                WHERE hash = \(spent.hash) AND spent_at IS NULL
                """)
        guard changed == 1 else { return false }
        try transaction.execute("UPDATE sessions SET used_at = \(now) WHERE id = \(id)")
        try insert(next, of: id, in: transaction)
        return true
    }

    /// Whether a token was spent for another since then, and that one is the newest of its session.
    func isRecent(
        _ spent: RefreshToken, _ next: RefreshToken, since: Date, in transaction: Transaction
    ) throws -> Bool {
        try transaction.first(
            """
            SELECT 1 AS one FROM refresh_tokens t JOIN refresh_tokens n
                ON n.session_id = t.session_id
            WHERE t.hash = \(spent.hash) AND t.spent_at >= \(since)
                AND n.hash = \(next.hash) AND n.spent_at IS NULL
            """) != nil
    }

    /// The sessions of a user that go on, the one used last first.
    func living(
        of user: UserID, at now: Date, idle idleSeconds: Double, in transaction: Transaction
    ) throws -> [Listed] {
        try transaction.rows(
            """
            SELECT id, ip_address, user_agent, created_at, used_at, expires_at FROM sessions
            WHERE user_id = \(user) AND revoked_at IS NULL AND expires_at > \(now)
                AND used_at > \(now - idleSeconds)
            ORDER BY used_at DESC, id DESC
            """
        ).map { row in
            Listed(
                id: try row.get("id"),
                device: Device(
                    ipAddress: try row.get("ip_address"), userAgent: try row.get("user_agent")),
                createdAt: try row.get("created_at"), usedAt: try row.get("used_at"),
                expiresAt: try row.get("expires_at"))
        }
    }

    /// A session of a user that goes on, and how sure it is whose it is.
    func proof(
        of id: SessionID, of user: UserID, at now: Date, in transaction: Transaction
    ) throws -> Proof? {
        try transaction.first(
            """
            SELECT created_at, authenticated_at, assurance FROM sessions
            WHERE id = \(id) AND user_id = \(user) AND revoked_at IS NULL
                AND expires_at > \(now)
            """
        ).map(proof)
    }

    /// Notes that the user proved once more who they are.
    func setProof(_ proof: Proof, of id: SessionID, in transaction: Transaction) throws {
        try transaction.execute(
            """
            UPDATE sessions SET authenticated_at = \(proof.at),
                assurance = \(proof.assurance.rawValue)
            WHERE id = \(id)
            """)
    }

    func revoke(_ id: SessionID, at now: Date, in transaction: Transaction) throws {
        try transaction.execute(
            """
            UPDATE sessions SET revoked_at = \(now)
            WHERE id = \(id) AND revoked_at IS NULL
            """)
    }

    /// Every session of a user that was not ended, expired or not.
    func unended(of user: UserID, in transaction: Transaction) throws -> [SessionID] {
        try transaction.rows(
            "SELECT id FROM sessions WHERE user_id = \(user) AND revoked_at IS NULL ORDER BY id"
        ).map { try $0.get("id") }
    }

    private func proof(_ row: Row) throws -> Proof {
        let at = try row.get("authenticated_at", as: Date?.self)
        return Proof(
            at: try at ?? row.get("created_at"),
            assurance: Principal.Assurance(rawValue: try row.get("assurance")) ?? .oneFactor)
    }

    /// Every new session takes up to two expired ones away, their tokens with them, though none
    /// whose last access token may live yet: it is ended by its session's name.
    private func purgeSomeExpired(at now: Date, in transaction: Transaction) throws {
        let oldest = now - Double(EndedAccess.retention.components.seconds)
        try transaction.execute(
            """
            DELETE FROM sessions WHERE id IN (
                SELECT id FROM sessions WHERE expires_at < \(oldest) ORDER BY expires_at LIMIT 2
                \(only: .postgresql, "FOR UPDATE SKIP LOCKED"))
            """)
    }

    private func insert(
        _ token: RefreshToken, of id: SessionID, in transaction: Transaction
    ) throws {
        try transaction.execute(
            "INSERT INTO refresh_tokens (hash, session_id) VALUES (\(token.hash), \(id))")
    }
}
