import EventBus
import Events
import Foundation
import Storage
import UserContract
import Web

/// Keys of services: exchanged for short access tokens, which every process can check.
struct APIKeys: Sendable {
    /// How long the secret before a rotation goes on working, so that services can change over.
    static let overlapSeconds = 24.0 * 3_600

    let users: Users
    let sessions: Sessions
    let store = APIKeyStore()

    /// Makes a key that permits no more than its maker may.
    ///
    /// - Throws: `Problem` 403 for a permission that the caller lacks, 422 for an end that is past.
    func create(
        _ name: String, permissions: Set<String>, expiresAt: Date?, by caller: Principal
    ) async throws -> (APIKey, APIKeySecret) {
        try require(permissions, of: caller)
        let now = users.now().wholeMilliseconds
        if let expiresAt, expiresAt <= now {
            throw Problem.invalid([.init(pointer: "/expiresAt", detail: "must be in the future")])
        }
        let key = APIKey(
            id: APIKeyID(), name: name, permissions: permissions,
            createdBy: caller.userID.description, createdAt: now,
            expiresAt: expiresAt, usedAt: nil, revokedAt: nil)
        let secret = APIKeySecret(for: key.id)
        try await users.database.write { transaction in
            try store.insert(key, hash: secret.hash, in: transaction)
            try tell(key, by: caller, in: transaction)
        }
        return (key, secret)
    }

    /// Keys, the newest first.
    func list(_ page: PageRequest) async throws -> [APIKey] {
        try await users.database.read { try store.list(page, in: $0) }
    }

    /// Gives a key another secret; the one before works for a day.
    ///
    /// - Throws: ``UserError/apiKeyNotFound``, also for one that was revoked; `Problem` 403.
    func rotate(_ id: APIKeyID, by caller: Principal) async throws -> (APIKey, APIKeySecret) {
        let secret = APIKeySecret(for: id)
        let until = users.now().wholeMilliseconds + Self.overlapSeconds
        let key = try await users.database.write { transaction in
            guard let key = try store.find(id, in: transaction), key.revokedAt == nil else {
                throw UserError.apiKeyNotFound
            }
            try require(key.permissions, of: caller)
            try store.rotate(id, to: secret.hash, until: until, in: transaction)
            try tell(key, by: caller, in: transaction)
            return key
        }
        return (key, secret)
    }

    /// Makes a key worthless, and the access tokens that it was exchanged for.
    ///
    /// - Throws: ``UserError/apiKeyNotFound``.
    func revoke(_ id: APIKeyID, by caller: Principal) async throws {
        let now = users.now().wholeMilliseconds
        try await users.ending.write { transaction, ended in
            guard try store.find(id, in: transaction) != nil else {
                throw UserError.apiKeyNotFound
            }
            guard try store.revoke(id, at: now, in: transaction) else { return }
            ended.end(UserID(id.uuid))
            try users.outbox.publish(
                APIKeyRevoked(
                    keyID: id, revokedBy: caller.userID.description, revokedAt: now),
                in: transaction)
        }
    }

    /// An access token for a key, without a refresh token: the key is one. It ends with the key.
    ///
    /// - Throws: ``UserError/wrongAPIKey``; `Problem` 429 after too many wrong ones.
    func exchange(
        _ text: String, from device: Device
    ) async throws -> (token: String, lifetime: Duration) {
        try await sessions.bounded(device) {
            guard let secret = APIKeySecret(text) else { throw UserError.wrongAPIKey }
            let now = users.now().wholeMilliseconds
            let key = try await users.database.write { transaction -> APIKey? in
                guard let key = try store.find(secret.id, in: transaction),
                    key.revokedAt == nil, key.expiresAt.map({ $0 > now }) ?? true,
                    let hashes = try store.hashes(of: secret.id, in: transaction)
                else { return nil }
                let isPrevious =
                    hashes.previous.map { secret.fits($0) } ?? false
                    && hashes.previousUntil.map { $0 > now } ?? false
                guard secret.fits(hashes.present) || isPrevious else { return nil }
                try store.noteUse(of: secret.id, at: now, in: transaction)
                return key
            }
            guard let key else { throw UserError.wrongAPIKey }
            let left = key.expiresAt.map { Duration.seconds($0.timeIntervalSince(now)) }
            let lifetime = min(Sessions.accessTokenLifetime, left ?? Sessions.accessTokenLifetime)
            let token = try await sessions.issuer.sign(
                Principal(
                    userID: UserID(key.id.uuid), sessionID: key.id.description, roles: [],
                    permissions: key.permissions, kind: .service, authenticatedAt: now),
                at: now, lifetime: lifetime)
            return (token, lifetime)
        }
    }

    private func require(_ permissions: Set<String>, of caller: Principal) throws {
        if let missing = permissions.sorted().first(where: { !caller.holds($0) }) {
            throw Problem.forbidden(permission: missing)
        }
    }

    private func tell(
        _ key: APIKey, by caller: Principal, in transaction: Transaction
    ) throws {
        try users.outbox.publish(
            APIKeyCreated(
                keyID: key.id, name: key.name, permissions: key.permissions.sorted(),
                createdBy: caller.userID.description, expiresAt: key.expiresAt),
            in: transaction)
    }
}
