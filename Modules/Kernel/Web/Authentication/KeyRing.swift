import JWTKit

/// Public keys by the `kid` that tokens name them by.
///
/// One collection a key: a collection with several falls back to its default key when a token
/// names none that it knows.
struct KeyRing: Sendable {
    typealias Entry = (key: VerificationKey, collection: JWTKeyCollection)

    private var entries: [String: Entry] = [:]

    /// - Throws: `JWTError` when jwt-kit does not take a key.
    init(_ keys: [VerificationKey]) async throws {
        for key in keys {
            let collection = JWTKeyCollection()
            try await key.addVerifier(to: collection)
            entries[key.id] = (key, collection)
        }
    }

    subscript(kid: String) -> Entry? { entries[kid] }
}
