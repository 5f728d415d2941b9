import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import Storage
import Testing

@testable import User

@Suite(.serialized) struct `Storing passwords` {
    /// The first three vectors of Openwall's crypt_blowfish.
    @Test(arguments: [
        ("$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"),
        ("$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK", "U*U*"),
        ("$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a", "U*U*U"),
    ])
    func `B21: bcrypt is what others take for bcrypt`(hash: String, password: String) throws {
        let hash = try #require(PasswordHash(hash))
        #expect(hash.fits(Password(password)))
        #expect(!hash.fits(Password(password + "x")))
        #expect(!hash.fits(Password("")))
    }

    @Test func `B13: a new hash is argon2id with 19 MiB, two passes and one lane`() async throws {
        let hasher = PasswordHasher(threadCount: 1)
        let hash = try await hasher.hash(Password("correct horse battery"))
        #expect(hash.hasPrefix("$argon2id$v=19$m=19456,t=2,p=1$"))
        let verdict = try await hasher.verify(Password("correct horse battery"), against: hash)
        #expect(verdict == .init(isRight: true, isOutdated: false))
        try await hasher.check()
    }

    @Test func `B14: one password has another hash each time`() async throws {
        let hasher = PasswordHasher(threadCount: 2)
        async let first = hasher.hash(Password("correct horse battery"))
        async let second = hasher.hash(Password("correct horse battery"))
        #expect(try await first != second)
    }

    /// Of `correct horse battery`: bcrypt with cost 4, and argon2id with fewer passes and less
    /// memory than today.
    static let outdated = [
        "$2b$04$abcdefghijklmnopqrstuuqREtd3VJD2QVZbuFskFSLk6eRIrQoOS",
        "$argon2id$v=19$m=8192,t=1,p=1$c2l4dGVlbiBieXRlcyEhIQ$"
            + "PRrEbuLvClTqYmX2UIPV92RIe+PIT79tm8D+9WZ/yl8",
    ]

    @Test(arguments: outdated)
    func `B15: a log-in renews a hash that is not as good as today's`(hash: String) async throws {
        let harness = try await ModuleHarness(UserModule.self)
        let user = try await harness.register().read(UserSeen.self)
        try await harness.set(hash, of: user.id)
        #expect(try await harness.logIn().status == .created)
        let renewed = try await harness.passwordHash(of: user.id)
        #expect(renewed.hasPrefix("$argon2id$v=19$m=19456,t=2,p=1$"))
        #expect(try await harness.logIn().status == .created)
        #expect(try await harness.passwordHash(of: user.id) == renewed)
        #expect(try await harness.logIn("ada@example.org", "wrong horse").status == .unauthorized)
    }

    @Test func `B16: no password longer than 72 bytes, or with a NUL, fits a bcrypt hash`() throws {
        // What crypt(3) makes of seventy-two of them, and of many more.
        let hash = try #require(
            PasswordHash("$2b$04$abcdefghijklmnopqrstuuBzzIgyKkz7xMWYSzkIjUSnxEQFQ0WNe"))
        #expect(hash.fits(Password(String(repeating: "a", count: 72))))
        #expect(!hash.fits(Password(String(repeating: "a", count: 73))))
        #expect(!hash.fits(Password(String(repeating: "a", count: 72) + "x")))
        #expect(!hash.fits(Password(String(repeating: "é", count: 37))))
        let short = try #require(
            PasswordHash("$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"))
        #expect(!short.fits(Password("U*U\u{0}x")))
    }

    @Test(arguments: [
        "", "x", "plain text", "$", "$$$$", "$1$salt$hash", "$2b$04$short",
        "$2b$16$abcdefghijklmnopqrstuu3e7.BavoRJLZ9EHTwjKRxFgEHHzyLbC",
        "$2b$03$abcdefghijklmnopqrstuu3e7.BavoRJLZ9EHTwjKRxFgEHHzyLbC",
        "$2x$04$abcdefghijklmnopqrstuu3e7.BavoRJLZ9EHTwjKRxFgEHHzyLbC",
        "$argon2id$v=19$m=4194304,t=2,p=1$c2l4dGVlbiBieXRlcyEh$AAAA",
        "$argon2id$v=19$m=19456,t=1000,p=1$c2l4dGVlbiBieXRlcyEh$AAAA",
        "$argon2id$v=19$m=19456,t=2,p=64$c2l4dGVlbiBieXRlcyEh$AAAA",
        "$argon2id$v=19$m=19456,t=2,p=1,m=9999999$c2l4dGVlbiBieXRlcyEh$AAAA",
        "$argon2id$v=19$m=-1,t=2,p=1$c2l4dGVlbiBieXRlcyEh$AAAA",
        "$argon2i$v=19$m=19456,t=3,p=1$c2l4dGVlbiBieXRlcyEh$AAAA",
    ])
    func `B19: a hash of an unknown scheme or beyond the bounds fits no password`(
        hash: String
    ) async throws {
        #expect(PasswordHash(hash) == nil)
        let harness = try await ModuleHarness(UserModule.self)
        let user = try await harness.register().read(UserSeen.self)
        try await harness.set(hash, of: user.id)
        #expect(try await harness.logIn().status == .unauthorized)
    }
}

extension ModuleHarness where M == UserModule {
    /// Gives a user a hash that another system, or an earlier version of ours, has made.
    func set(_ hash: String, of user: UserID) async throws {
        try await database.write {
            try $0.execute("UPDATE users SET password_hash = \(hash) WHERE id = \(user)")
        }
    }
}
