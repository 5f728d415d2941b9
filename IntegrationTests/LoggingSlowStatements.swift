import Foundation
import Testing

extension `The whole system` {
    @Suite struct `Logging slow statements` {
        @Test func `names the statement and how long it took, and no value`() async throws {
            // Every statement is slow.
            let environment = ["FLOTILLA_STORAGE_SLOW_STATEMENT": "0s"]
            try await withSystem(.monolithPostgres, environment: environment) { system in
                let person = try await system.person("Canary")
                _ = try await system.settledWelcomeOrder(of: person)
                let lines = try system.logText.split(separator: "\n")
                    .compactMap { try? JSON(parsing: Data($0.utf8)) }
                    .filter { $0["message"] == "slow statement" }
                let inserts = lines.filter {
                    $0["db.query.text"].string?.contains("INSERT INTO users") == true
                }
                let text = lines.map { "\($0)" }.joined()
                #expect(!lines.isEmpty)
                #expect(lines.allSatisfy { $0["db.namespace"].string != nil })
                #expect(!text.contains("Canary"), "a value of the person's")
                #expect(inserts.allSatisfy { $0["db.query.text"].string?.contains("$1") == true })
            }
        }
    }
}
