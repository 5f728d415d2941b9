import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import Search
import Storage
import Testing
import UserContract

// Suites that run a module are serialized: each case opens two databases, and with all of them at
// once a test process holds more than 1024 files, which Foundation's Process does not survive.

/// A hit as a client reads it.
struct HitSeen: Decodable, Equatable {
    let id: UserID
    let email: String
    let firstName: String
    let lastName: String
    let score: Double
}

struct HitPage: Decodable {
    let items: [HitSeen]
    let nextCursor: String?
}

/// The module with some users in its index.
struct Directory: Sendable {
    let harness: ModuleHarness<SearchModule>
    static let clerk = TestCaller(permissions: ["search:users"])

    /// Ada, Grace, Zoë and Jürgen, and as many others as make every word rare.
    init() async throws {
        harness = try await ModuleHarness(SearchModule.self)
        try await add("Ada", "Lovelace", "countess@example.org")
        try await add("Grace", "Hopper", "admiral@navy.example")
        try await add("Zoë", "Müller-Łoś", "zm@example.net")
        try await add("Jürgen", "O'Neill", "ada.fan@example.com")
        for number in 0..<12 { try await add("Fill", "Er\(number)", "f\(number)@filler.test") }
    }

    @discardableResult
    func add(_ firstName: String, _ lastName: String, _ email: String) async throws -> UserID {
        let id = UserID()
        try await harness.publish(
            UserRegistered(
                userID: id, email: email, firstName: firstName, lastName: lastName,
                status: "active", createdAt: harness.time.now))
        try await harness.settle()
        return id
    }

    func answer(
        _ query: String, _ rest: String = "", as caller: TestCaller? = clerk
    ) async throws -> TestAnswer {
        let allowed = CharacterSet.alphanumerics
        let text = query.addingPercentEncoding(withAllowedCharacters: allowed) ?? ""
        return try await harness.send(
            .get, "/api/v1/search/users?q=\(text)\(rest)", as: caller)
    }

    func page(_ query: String, _ rest: String = "") async throws -> HitPage {
        let answer = try await answer(query, rest)
        return try FlotillaJSON.decode(HitPage.self, from: answer.body)
    }

    /// The first names of the hits, best first.
    func names(_ query: String) async throws -> [String] {
        try await page(query).items.map(\.firstName)
    }
}

@Suite(.serialized) struct `Finding a user` {
    @Test(
        arguments: [
            ("ada", ["Ada", "Jürgen"]), ("a", ["Ada", "Grace", "Jürgen"]), ("ad", nil),
            ("love", ["Ada"]),
            ("Lovelace", ["Ada"]), ("LOVELACE", ["Ada"]), ("lovelacex", []), ("ovelace", []),
            ("hop gra", ["Grace"]), ("grace ada", []), ("ada love", ["Ada"]),
            ("countess@example.org", ["Ada"]), ("@navy", ["Grace"]), ("navy.example", ["Grace"]),
            ("zoe", ["Zoë"]), ("zoë", ["Zoë"]), ("ZOË", ["Zoë"]), ("zoe\u{308}", ["Zoë"]),
            ("muller", ["Zoë"]), ("müll", ["Zoë"]), ("mueller", []), ("jurgen", ["Jürgen"]),
            ("los", nil), ("o'neill", ["Jürgen"]), ("neill", ["Jürgen"]), ("müller-łoś", ["Zoë"]),
            ("  grace\t hopper  ", ["Grace"]),
        ] as [(String, [String]?)])
    func `goes by the beginnings of words, without accents and case`(
        query: String, names: [String]?
    ) async throws {
        let directory = try await Directory()
        let found = try await directory.names(query)
        if let names { #expect(Set(found) == Set(names)) }
        #expect(found.count == Set(found).count)
    }

    @Test func `puts a name before an address`() async throws {
        let directory = try await Directory()
        #expect(try await directory.names("ada") == ["Ada", "Jürgen"])
        let scores = try await directory.page("ada").items.map(\.score)
        #expect(scores == scores.sorted(by: >))
    }

    @Test func `puts a whole word before a beginning`() async throws {
        let directory = try await Directory()
        for name in ["Mariannequist", "Marianneq", "Marianne"] {
            try await directory.add(name, "Test", "\(name.count)@example.com")
        }
        #expect(try await directory.names("marianne").first == "Marianne")
    }

    @Test func `tells all that a hit shows`() async throws {
        let directory = try await Directory()
        let id = try await directory.add("Barbara", "Liskov", "bl@mit.example")
        let hit = try #require(try await directory.page("liskov").items.first)
        #expect(hit.id == id)
        #expect(hit.email == "bl@mit.example")
        #expect(hit.firstName == "Barbara")
        #expect(hit.lastName == "Liskov")
    }

    @Test(arguments: [
        "\" OR *", "\"", "\"\"", "ada\"", "NEAR(ada grace)", "NEAR(", "-ada", "ada -grace",
        "ada*", "*", "ada AND grace", "ada OR grace", "NOT ada", "first_name:ada", "{email}: x",
        "^ada", "ada + grace", "(ada", "ada)", "'; DROP TABLE indexed_users; --", "a\u{0}b",
        "\u{2460}", "\u{24B6}", "1️⃣", "a\u{20DD}", "\\", "%", "_", "ada\u{301}\"x", "№", "½",
        String(repeating: "\"", count: 300), String(repeating: "ada ", count: 300),
        String(repeating: "a", count: 10_000), "👩‍👩‍👧 ada", "\u{FDFA}",
    ])
    func `takes no word for an operator`(query: String) async throws {
        let directory = try await Directory()
        let status = try await directory.answer(query).status
        #expect([200, 400].contains(status.code))
        // Everything is still there.
        #expect(try await directory.names("grace") == ["Grace"])
    }

    @Test(arguments: [
        ("ada OR grace", []), ("NOT ada", []), ("-ada", ["Ada", "Jürgen"]),
        ("ada*", ["Ada", "Jürgen"]), ("\"ada\"", ["Ada", "Jürgen"]),
        ("NEAR(ada)", []), ("lastname:ada", []),
    ])
    func `reads operators as words`(query: String, names: [String]) async throws {
        let directory = try await Directory()
        #expect(try await Set(directory.names(query)) == Set(names))
    }

    @Test(arguments: ["", " ", "\"", "***", "-", "@", "👍"])
    func `needs a letter or digit`(query: String) async throws {
        let directory = try await Directory()
        #expect(try await directory.answer(query).status == .badRequest)
    }

    @Test(
        arguments: [
            (nil, 401), (TestCaller(), 403), (TestCaller(permissions: ["audit:read"]), 403),
            (TestCaller(permissions: ["search:users"]), 200), (TestCaller(roles: ["admin"]), 200),
        ] as [(TestCaller?, Int)])
    func `needs the permission`(caller: TestCaller?, status: Int) async throws {
        let directory = try await Directory()
        #expect(try await directory.answer("ada", as: caller).status.code == status)
    }
}

@Suite(.serialized) struct `Turning pages of hits` {
    @Test(arguments: [1, 2, 5, 7, 100])
    func `shows every hit once, best first`(limit: Int) async throws {
        let directory = try await Directory()
        for number in 0..<7 {
            // Twins have one score: their numbers tell them apart.
            let lastName = number.isMultiple(of: 2) ? "Twin" : "Pagerson Pagerson \(number)"
            try await directory.add("Pager", lastName, "p@pages.example")
        }
        var seen: [HitSeen] = []
        var rest = "&limit=\(limit)"
        while true {
            let page = try await directory.page("pager", rest)
            #expect(page.items.count <= limit)
            seen += page.items
            guard let cursor = page.nextCursor else { break }
            rest = "&limit=\(limit)&cursor=\(cursor)"
        }
        #expect(seen.count == 7)
        #expect(Set(seen.map(\.id)).count == 7)
        #expect(seen.map(\.score) == seen.map(\.score).sorted(by: >))
    }

    @Test(arguments: [
        "limit=0", "limit=101", "cursor=", "cursor=x", "cursor=1", "cursor=1.x", "cursor=g.1",
        "cursor=1.1.1", "cursor=11111111111111111.1",
    ])
    func `refuses a limit or cursor that is none`(query: String) async throws {
        let directory = try await Directory()
        #expect(try await directory.answer("ada", "&\(query)").status == .badRequest)
    }

    /// Not a number, and infinite: bits of a score that was never given out.
    @Test(arguments: ["7ff8000000000000.1", "7ff0000000000000.1", "fff0000000000000.1"])
    func `survives a cursor that was made up`(cursor: String) async throws {
        let directory = try await Directory()
        #expect(try await directory.answer("ada", "&cursor=\(cursor)").status == .ok)
    }
}

@Suite(.serialized) struct `Keeping the index` {
    private func rename(_ id: UserID, _ firstName: String, _ lastName: String)
        -> UserProfileUpdated
    {
        UserProfileUpdated(
            userID: id, firstName: firstName, lastName: lastName, phone: nil, bio: nil,
            preferences: [:], changedFields: ["firstName", "lastName"])
    }

    @Test func `follows a new name`() async throws {
        let directory = try await Directory()
        let id = try await directory.add("Betty", "Snyder", "betty@example.org")
        try await directory.harness.publish(rename(id, "Elizabeth", "Holberton"))
        try await directory.harness.settle()
        #expect(try await directory.names("snyder").isEmpty)
        #expect(try await directory.names("holber") == ["Elizabeth"])
        // The address stays.
        #expect(try await directory.names("betty") == ["Elizabeth"])
    }

    @Test func `follows a new address, and no longer goes by the old one`() async throws {
        let directory = try await Directory()
        let id = try await directory.add("Betty", "Snyder", "betty@eniac.example")
        for _ in 1...2 {
            try await directory.harness.publish(
                UserEmailChanged(
                    userID: id, email: "holberton@univac.example", oldEmail: "betty@eniac.example",
                    sealedToken: nil, expiresAt: nil, changedAt: directory.harness.time.now))
        }
        try await directory.harness.settle()
        #expect(try await directory.names("univac") == ["Betty"])
        #expect(try await directory.names("eniac").isEmpty)
        #expect(
            try await directory.page("snyder").items.map(\.email) == ["holberton@univac.example"])
        // Everybody else's address stays.
        #expect(try await directory.names("countess") == ["Ada"])
    }

    @Test func `does not find a deleted one by an address that comes late`() async throws {
        let directory = try await Directory()
        let id = try await directory.add("Betty", "Snyder", "betty@eniac.example")
        try await directory.harness.publish(
            UserDeleted(userID: id, deletedAt: directory.harness.time.now))
        try await directory.harness.publish(
            UserEmailChanged(
                userID: id, email: "holberton@univac.example", oldEmail: "betty@eniac.example",
                sealedToken: nil, expiresAt: nil, changedAt: directory.harness.time.now))
        try await directory.harness.settle()
        #expect(try await directory.names("univac").isEmpty)
        #expect(try await directory.names("betty").isEmpty)
    }

    @Test func `forgets who was deleted`() async throws {
        let directory = try await Directory()
        let id = try await directory.add("Betty", "Snyder", "betty@example.org")
        try await directory.harness.publish(
            UserDeleted(userID: id, deletedAt: directory.harness.time.now))
        try await directory.harness.settle()
        #expect(try await directory.names("betty").isEmpty)
        try await directory.harness.redeliverEverything()
        #expect(try await directory.names("betty").isEmpty)
    }

    @Test func `has everybody once, however often they are delivered`() async throws {
        let directory = try await Directory()
        let id = try await directory.add("Betty", "Snyder", "betty@example.org")
        try await directory.harness.publish(rename(id, "Elizabeth", "Holberton"))
        try await directory.harness.settle()
        try await directory.harness.redeliverEverything()
        try await directory.harness.forgetHandled()
        try await directory.harness.redeliverEverything()
        #expect(try await directory.names("betty") == ["Elizabeth"])
        #expect(try await directory.names("snyder").isEmpty)
        #expect(try await directory.names("grace") == ["Grace"])
    }
}
