import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import Platform
import Settings
import Storage
import Web

// Suites that run a module are serialized: each case opens two databases, and with all of them at
// once a test process holds more than 1024 files, which Foundation's Process does not survive.

/// A small module that writes notes, each request once.
struct DeskModule: Module {
    static let name = "desk"
    static let migrations = [
        MigrationSet(
            component: "desk",
            migrations: [
                Migration(1, "create notes") { dialect in
                    """
                    CREATE TABLE notes (number \(dialect.identity), text TEXT NOT NULL)
                    \(dialect.strict);
                    """
                }
            ]), Idempotency.migrations,
    ]

    private let database: Database
    private let idempotency: Idempotency

    init(settings: Settings, platform: Platform) {
        database = platform.database
        idempotency = Idempotency(now: platform.now)
    }

    var routes: [Route] {
        [
            .post("/desk/notes", access: .authenticated, write),
            .put("/desk/notes", access: .authenticated, write),
        ]
    }

    @Sendable private func write(_ request: WebRequest) async throws -> WebResponse {
        let text = try request.decode { $0.string("text", length: 1...100) }
        return try await database.write { transaction in
            try idempotency.perform(request, in: transaction) { transaction in
                try transaction.execute("INSERT INTO notes (text) VALUES (\(text))")
                if text == "refused" { throw DeskRefusal.full }
                return try .created(["text": text], at: "/desk/notes/\(text)")
            }
        }
    }
}

extension ModuleHarness where M == DeskModule {
    func noteTexts() async throws -> [String] {
        try await database.read { transaction in
            try transaction.rows("SELECT text FROM notes ORDER BY number")
                .map { try $0.get("text") }
        }
    }
}
