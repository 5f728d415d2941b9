import CSodium
import Foundation
import Platform
import Synchronization
import Web

/// Hashes and verifies passwords on threads of its own.
///
/// New hashes are argon2id with the OWASP minimum (19 MiB, 2 passes, 1 lane), about 15 ms on one
/// core. Threads and line are bounded, so that a flood of log-ins costs other requests little: one
/// core less, `threads × 19 MiB`, and a 503 beyond the line.
final class PasswordHasher: Sendable {
    private static let passes: UInt64 = 2
    private static let memoryByteCount = 19_456 * 1_024
    /// About two seconds of waiting for a hash of 15 ms; half of it may be registrations, so that a
    /// flood of them leaves room for log-ins.
    private static let lineMax = 130
    private static let registrationLineMax = lineMax / 2
    private static let patience = Duration.seconds(3)

    /// A hash that no password has, with the parameters of real ones: what a log-in to an unknown
    /// address is verified against, so that it takes the same time.
    static let decoy =
        "$argon2id$v=19$m=19456,t=2,p=1$ZmxvdGlsbGEtZGVjb3kwMA$"
        + "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

    private let threads: WorkThreads
    /// Whether ``check()`` has found the libraries fit: they stay so while the process lives.
    private let isFit = Atomic(false)

    init(threadCount: Int) {
        precondition(sodium_init() >= 0, "libsodium can't get random numbers")
        threads = WorkThreads(
            name: "password", countMax: threadCount, patience: Self.patience)
    }

    /// What a look at a password says.
    struct Verdict: Sendable, Hashable {
        /// Whether it belongs to the hash.
        var isRight: Bool
        /// Whether the hash is to be made anew, now that the password is at hand.
        var isOutdated: Bool
    }

    /// A new hash with a random salt, in the PHC format.
    ///
    /// - Throws: ``Web/Problem`` 503 when too many wait.
    func hash(_ password: Password) async throws -> String {
        try await run(lineMax: Self.registrationLineMax) {
            var output = [CChar](repeating: 0, count: Int(crypto_pwhash_STRBYTES))
            let status = password.withCharacters { characters, count in
                crypto_pwhash_str_alg(
                    &output, characters, count, Self.passes, Self.memoryByteCount,
                    crypto_pwhash_ALG_ARGON2ID13)
            }
            guard status == 0 else { throw HashingFailed() }
            return String(
                decoding: output.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }

    /// Whether a password belongs to a hash, which may be an older one or imported: argon2id with
    /// other parameters, or bcrypt.
    ///
    /// - Throws: ``Web/Problem`` 503 when too many wait.
    func verify(_ password: Password, against hash: String) async throws -> Verdict {
        try await run(lineMax: Self.lineMax) {
            guard let hash = PasswordHash(hash) else {
                return Verdict(isRight: false, isOutdated: false)
            }
            return Verdict(
                isRight: hash.fits(password),
                isOutdated: hash.isOutdated(
                    passes: Self.passes, memoryByteCount: Self.memoryByteCount))
        }
    }

    /// Whether the libraries do what they are trusted with: known hashes fit their passwords and no
    /// other, and a hash takes neither no time nor for ever.
    ///
    /// - Throws: ``HashingUnfit``; as `hash(_:)`.
    func check() async throws {
        guard !isFit.load(ordering: .relaxed) else { return }
        for (hash, password) in Self.vectors {
            guard try await verify(Password(password), against: hash).isRight,
                try await !verify(Password(password + "x"), against: hash).isRight
            else { throw HashingUnfit(what: "a known \(hash.prefix(8))… hash is misread") }
        }
        let start = ContinuousClock.now
        _ = try await hash(Password("a password"))
        let duration = ContinuousClock.now - start
        guard (.milliseconds(2) ... .seconds(2)).contains(duration) else {
            throw HashingUnfit(what: "a hash takes \(duration)")
        }
        isFit.store(true, ordering: .relaxed)
    }

    /// The second is the first vector of Openwall's crypt_blowfish.
    private static let vectors = [
        (
            "$argon2id$v=19$m=19456,t=2,p=1$zOxbalYxiph6s/f9LzlJag$yaFzpA"
                + "SKii5KrWE3j+BhRgoCVM80Qh92anuXs/cEzog",
            "flotilla"
        ),
        ("$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"),
    ]

    private func run<T: Sendable>(
        lineMax: Int, _ body: @escaping @Sendable () throws -> T
    ) async throws -> T {
        do {
            return try await threads.run(lineMax: lineMax, body)
        } catch is Overloaded {
            throw Problem.unavailable("too many log-ins at once", retryAfterSeconds: 2)
        }
    }
}

/// libsodium could not get the memory that a hash needs.
struct HashingFailed: Error {}

/// The libraries that hash are not fit for it.
struct HashingUnfit: Error, CustomStringConvertible {
    let what: String
    var description: String { what }
}
