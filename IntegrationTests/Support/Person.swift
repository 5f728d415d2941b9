import Foundation
import Testing

/// Somebody who has an account.
struct Person: Sendable {
    let id: String
    let email: String
    let password: String
    /// The system as they see it.
    var api: API

    static let password = "correct horse battery"

    /// A body that registers; `number` keeps addresses apart.
    static func registration(
        _ name: String, number: Int = 0, password: String = password
    ) -> JSON {
        [
            "email": .string("\(name.lowercased())\(number)@example.com"),
            "password": .string(password), "firstName": .string(name),
            "lastName": .string("Tester\(number)"),
        ]
    }
}

extension RunningSystem {
    /// Registers somebody and logs them in.
    func person(_ name: String, number: Int = 0) async throws -> Person {
        let body = Person.registration(name, number: number)
        let answer = try await api.post("/api/v1/users", body)
        try #require(answer.status == 201, "\(answer)")
        return try await logIn(
            email: body["email"].string ?? "", id: answer.json["id"].string ?? "")
    }

    /// Makes an administrator from the command line, beside the running server.
    func administrator() async throws -> Person {
        let made = try await command(
            ["admin", "create-user", "--email", "root@example.com"],
            environment: ["FLOTILLA_ADMIN_PASSWORD": Person.password])
        try #require(made.exitCode == 0, "\(made)")
        return try await logIn(email: "root@example.com")
    }

    func logIn(
        email: String, id: String = "", password: String = Person.password
    ) async throws -> Person {
        let answer = try await api.post(
            "/api/v1/sessions", ["email": .string(email), "password": .string(password)])
        try #require(answer.status == 201, "\(answer)")
        let token = try #require(answer.json["accessToken"].string)
        return Person(
            id: id, email: email, password: password, api: api.with(token: token))
    }

    /// Waits until every event was handled by everybody who hears it.
    func quiet(within limit: Duration = .seconds(20)) async throws {
        if topology.isSplit {
            let witness = Witness(system: self)
            try await eventually("no event waits", within: limit) {
                try await witness.unhandled()
            } until: {
                $0.isEmpty
            }
            return
        }
        try await eventually("no event waits", within: limit) {
            Exposition(try await api.get("/metrics").text).samples.filter {
                $0.value != "0"
                    && ($0.key.hasPrefix("flotilla_outbox_pending_events")
                        || $0.key.hasPrefix("flotilla_inbox_parked_events"))
            }
        } until: {
            $0.isEmpty
        }
    }
}
