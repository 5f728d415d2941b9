import Crypto
public import Events
public import Foundation
import HTTPTypes
public import Storage

/// Makes a creating request safe to repeat: the key, the effect and the answer are one transaction.
///
/// After the IETF draft on the Idempotency-Key header: the same key with another body is refused
/// (422), a repeated request gets the first answer with `Idempotent-Replayed: true`. A request
/// that failed leaves no key behind and may be sent again.
public struct Idempotency: Sendable {
    /// How long an answer is kept.
    public static let lifetime = Duration.seconds(24 * 3_600)

    /// The table, for a module that has creating routes.
    public static let migrations = MigrationSet(
        component: "idempotency",
        migrations: [
            Migration(1, "create idempotency keys") { dialect in
                """
                CREATE TABLE idempotency_keys (
                    subject TEXT NOT NULL,
                    route TEXT NOT NULL,
                    key TEXT NOT NULL,
                    fingerprint TEXT NOT NULL,
                    status INTEGER,
                    location TEXT,
                    body \(dialect.bytes),
                    expires_at \(dialect.timestamp) NOT NULL,
                    PRIMARY KEY (subject, route, key)
                ) \(dialect.strict);
                CREATE INDEX idempotency_keys_expiry ON idempotency_keys (expires_at);
                """
            }
        ])

    private let now: @Sendable () -> Date

    /// - Parameter now: the current time; tests set it.
    public init(now: @escaping @Sendable () -> Date = { Date() }) { self.now = now }

    /// Performs `effect` once for the request's key, in the caller's transaction.
    ///
    /// Without the header it is simply performed.
    ///
    /// - Throws: ``Problem`` 400 for a key that is none, 422 for a key used with another body;
    ///   what `effect` throws.
    public func perform(
        _ request: WebRequest, in transaction: Transaction,
        _ effect: (Transaction) throws -> WebResponse
    ) throws -> WebResponse {
        guard let key = request.headers[.idempotencyKey] else { return try effect(transaction) }
        guard (1...255).contains(key.utf8.count),
            key.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else {
            throw Problem.badRequest("Idempotency-Key must be 1 to 255 visible ASCII characters")
        }
        let entry = Entry(
            subject: request.principal?.userID.description ?? "anonymous",
            route: "\(request.method.rawValue) \(request.path)", key: key,
            fingerprint: Data(SHA256.hash(data: request.body)).base64URLEncoded)
        try purgeSomeExpired(in: transaction)
        guard try claim(entry, in: transaction) else { return try replay(entry, in: transaction) }
        let response = try effect(transaction)
        try transaction.execute(
            """
            UPDATE idempotency_keys SET status = \(response.status.code),
                location = \(response.headers[.location]), body = \(response.body)
            WHERE subject = \(entry.subject) AND route = \(entry.route) AND key = \(entry.key)
            """)
        return response
    }

    /// Forgets a user's keys: the answers that are kept with them may be personal.
    ///
    /// - Throws: `StorageError`.
    public func forgetAll(of user: UserID, in transaction: Transaction) throws {
        try transaction.execute(
            "DELETE FROM idempotency_keys WHERE subject = \(user.description)")
    }

    private struct Entry {
        let subject: String
        let route: String
        let key: String
        let fingerprint: String
    }

    /// Inserts the key first, so that on any engine a second request waits for the first. An
    /// expired key is free to be used again.
    private func claim(_ entry: Entry, in transaction: Transaction) throws -> Bool {
        let now = now()
        let expiresAt = now + Double(Self.lifetime.components.seconds)
        return try transaction.rowsChanged(
            by: """
                INSERT INTO idempotency_keys (subject, route, key, fingerprint, expires_at)
                VALUES (\(entry.subject), \(entry.route), \(entry.key), \(entry.fingerprint),
                        \(expiresAt))
                ON CONFLICT (subject, route, key) DO UPDATE
                SET fingerprint = excluded.fingerprint, expires_at = excluded.expires_at
                WHERE idempotency_keys.expires_at < \(now)
                """) == 1
    }

    private func replay(_ entry: Entry, in transaction: Transaction) throws -> WebResponse {
        let row = try transaction.first(
            """
            SELECT fingerprint, status, location, body FROM idempotency_keys
            WHERE subject = \(entry.subject) AND route = \(entry.route) AND key = \(entry.key)
            """)
        guard let row else { throw Problem.notFound() }
        guard try row.get("fingerprint") == entry.fingerprint else {
            throw Problem(
                status: .unprocessableContent, code: "idempotency.key_reused",
                detail: "this Idempotency-Key was used with another body")
        }
        var response = WebResponse(
            status: .init(code: try row.get("status")), body: try row.get("body"))
        response.headers[.contentType] = "application/json"
        response.headers[.location] = try row.get("location", as: String?.self)
        response.headers[.idempotentReplayed] = "true"
        return response
    }

    /// Every new key takes up to two expired ones away, so the table follows the rate of requests
    /// without a job of its own.
    private func purgeSomeExpired(in transaction: Transaction) throws {
        try transaction.execute(
            """
            DELETE FROM idempotency_keys WHERE (subject, route, key) IN (
                SELECT subject, route, key FROM idempotency_keys
                WHERE expires_at < \(now()) ORDER BY expires_at LIMIT 2
                \(only: .postgresql, "FOR UPDATE SKIP LOCKED"))
            """)
    }
}
