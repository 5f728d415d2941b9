import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import Platform
import Settings
import Storage
import Web

/// A small module with a route for each thing that the kernel does to a request.
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
            .get("/desk", access: .anyone) { _ in try .json(["is": "open"]) },
            .get("/desk/plan", access: .anyone) { _ in
                try .json(["is": "drawn"], headers: [.cacheControl: "public, max-age=60"])
            },
            .get("/desk/drawer", access: .authenticated) { request in
                try .json(["owner": request.caller().userID.description])
            },
            .get("/desk/safe", access: .permission("desk:open-safe")) { _ in .noContent },
            .post("/desk/scales", access: .anyone) { request in
                try .json(["byteCount": request.body.count])
            },
            .post("/desk/forms", access: .anyone) { request in
                try .json(["name": request.decode { $0.string("name", length: 1...5) }])
            },
            Route(.delete, "/desk/forms/{id}", access: .anyone) { request in
                _ = try request.id(as: OrderID.self)
                return .noContent
            },
            .get("/desk/failures/{kind}", access: .anyone) { request in
                guard let kind = PlannedFailure(rawValue: request.parameters["kind"] ?? "") else {
                    return .noContent
                }
                throw kind.error
            },
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

/// Something for a handler to throw.
enum PlannedFailure: String, CaseIterable, Sendable {
    case problem, refusal, bug, busy, full, unavailable, overloaded, statement

    var error: any Error {
        switch self {
        case .problem: Problem.badRequest("the desk is askew")
        case .refusal: DeskRefusal.full
        case .bug: Bug()
        case .busy: storage(.busy)
        case .full: storage(.full)
        case .unavailable: storage(.unavailable)
        case .overloaded: storage(.overloaded)
        case .statement: storage(.statement)
        }
    }

    private func storage(_ kind: StorageError.Kind) -> StorageError {
        StorageError(kind: kind, code: "7", detail: "SELECT secret FROM drawer")
    }
}

enum DeskRefusal: Refusal {
    case full

    var answer: (code: String, status: HTTPResponse.Status, detail: String) {
        ("desk.full", .conflict, "there is no room on the desk")
    }
}

struct Bug: Error, CustomStringConvertible {
    var description: String { "SELECT secret FROM drawer at 10.0.0.7" }
}

extension ModuleHarness where M == DeskModule {
    func noteTexts() async throws -> [String] {
        try await database.read { transaction in
            try transaction.rows("SELECT text FROM notes ORDER BY number")
                .map { try $0.get("text") }
        }
    }
}
