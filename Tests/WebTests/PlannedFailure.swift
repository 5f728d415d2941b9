import HTTPTypes
import Storage
import Web

/// Something for a handler to throw.
enum PlannedFailure: String, CaseIterable, Sendable {
    case problem, extended, refusal, bug, busy, full, unavailable, overloaded, statement

    var error: any Error {
        switch self {
        case .problem: Problem.badRequest("the desk is askew")
        case .extended:
            Problem(
                status: .conflict, code: "desk.askew", detail: "the desk is askew",
                extensions: ["drawerId": "7", "code": "other", "status": "200"])
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
