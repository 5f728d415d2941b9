import Foundation
import Testing

extension `The whole system` {
    @Suite struct `Looking at events` {
        @Test(arguments: Topology.allCases)
        func `lists events by every mark they bear, newest first`(
            topology: Topology
        ) async throws {
            try await withSystem(topology, environment: Booking.solvent) { system in
                let ada = try await system.person("Ada", number: 1)
                let bob = try await system.person("Bob", number: 2)
                for person in [ada, bob] {
                    _ = try await system.settledWelcomeOrder(of: person)
                }
                try await system.quiet()
                // Two registrations, log-ins and welcome orders, and what there is to be ordered.
                let count = 2 * (2 + Booking.types.count) + Orders.products.count
                let all = try await list("--limit", "100", in: system)
                #expect(all.count == count)
                let times = all.compactMap { $0["time"].string }
                #expect(times == times.sorted(by: >))
                #expect(Set(all.map { $0["id"] }).count == count)
                let text = try await system.command(["events", "list"])
                #expect(text.output.split(separator: "\n").count == min(count, 20), "\(text)")
                let id = all.first?["id"].string ?? ""
                #expect(text.output.contains("  \(id)  "), "\(text)")
                let newest = try await list("--limit", "3", in: system)
                #expect(newest == Array(all.prefix(3)))
                let registered = try await list("--type", "UserRegisteredEventV1", in: system)
                #expect(registered.map { $0["key"].string } == [bob.id, ada.id])
                #expect(registered.first?["payload"]["email"] == "bob2@example.com")
                #expect(try await list("--key", ada.id, in: system).count == 2)
                let paid = try await list("--publisher", "payment", in: system)
                #expect(Set(paid.map { $0["type"] }) == ["PaymentCompletedEventV1"])
                let correlation = registered.last?["correlationId"].string ?? ""
                let chain = try await list("--correlation", correlation, in: system)
                #expect(
                    chain.compactMap { $0["type"].string }.sorted()
                        == (Booking.types + ["UserRegisteredEventV1"]).sorted())
                #expect(chain.last?["type"] == "UserRegisteredEventV1")
                let since = chain.last?["time"].string ?? ""
                let later = try await list("--since", since, "--limit", "100", in: system)
                #expect(later.count >= count - Orders.products.count)
                #expect(try await list("--since", "2199-01-01T00:00:00Z", in: system).isEmpty)
                let both = try await list(
                    "--key", ada.id, "--type", "UserRegisteredEventV1", in: system)
                #expect(both.map { $0["key"].string } == [ada.id])
            }
        }

        @Test(arguments: Topology.allCases)
        func `lists consumers alike on the command line and over HTTP`(
            topology: Topology
        ) async throws {
            try await withSystem(topology) { system in
                let admin = try await system.administrator()
                _ = try await system.settledWelcomeOrder(of: try await system.person("Ada"))
                try await system.quiet()
                let run = try await system.command(["consumers", "--json"])
                #expect(run.exitCode == 0 && run.complaints.isEmpty, "\(run)")
                let listed = try JSON(parsing: Data(run.output.utf8))["items"].array
                let names = [
                    "audit.ended-access", "audit.trail", "notification.ended-access",
                    "notification.user-mails", "order.catalogue", "order.customers",
                    "order.deadlines", "order.ended-access", "order.payments", "order.quotes",
                    "order.stock", "order.welcome-order", "payment.bookings",
                    "payment.charge", "payment.checks", "payment.ended-access",
                    "payment.refunds", "payment.settlements", "product.ended-access",
                    "product.hold-expiry", "product.holds", "product.preferences",
                    "product.purchases", "search.ended-access", "search.user-index",
                    "user.ended-access",
                ]
                #expect(listed.compactMap { $0["consumer"].string }.sorted() == names)
                let served = try await admin.api.get("/api/v1/admin/consumers").items
                #expect(served.compactMap { $0["consumer"].string }.sorted() == names)
                for consumer in served {
                    #expect(consumer["standing"] == "running", "\(consumer)")
                    #expect(consumer["backlogEvents"] == 0, "\(consumer)")
                    for count in ["retrying", "waiting", "dead"] {
                        #expect(consumer[count] == 0, "\(consumer)")
                    }
                    for stream in consumer["streams"].array {
                        #expect(stream["position"] == stream["head"], "\(consumer)")
                    }
                }
                // Places among events that are not heard are stored when nothing more comes.
                try await eventually("nobody is behind, seen from outside") {
                    let run = try await system.command(["consumers", "--json"])
                    return try JSON(parsing: Data(run.output.utf8))["items"].array
                        .map { $0["backlogEvents"].int ?? -1 }
                } until: {
                    $0.count == names.count && $0.allSatisfy { $0 == 0 }
                }
                let text = try await system.command(["consumers"])
                #expect(text.output.split(separator: "\n").count == names.count, "\(text)")
                #expect(text.output.contains("search.user-index  "), "\(text)")
            }
        }

        @Test func `tells types as text, JSON, AsyncAPI and Mermaid`() async throws {
            let text = try await run(["events", "types"])
            #expect(
                text.output.contains("UserRegisteredEventV1  version 1  (user.events, by user)"))
            #expect(text.output.contains("    search.user-index\n"))
            let document = try JSON(
                parsing: Data(try await run(["events", "types", "--asyncapi"]).output.utf8))
            #expect(document["asyncapi"].string?.hasPrefix("3.") == true)
            #expect(!document["channels"].keys.isEmpty && !document["operations"].keys.isEmpty)
            let mermaid = try await run(["events", "types", "--mermaid"])
            #expect(mermaid.output.contains("user") && mermaid.output.contains("-->"))
        }

        private static let unknown = "01970000-0000-7000-8000-000000000001"

        @Test func `refuses what is not there in one line, with exit code 2`() async throws {
            let replay = ["events", "replay", "--consumer"]
            try await withSystem(.monolithSQLite) { system in
                for misuse in [
                    ["events", "list", "--limit", "0"], ["events", "list", "--limit", "x"],
                    ["events", "list", "--since", "yesterday"],
                    ["events", "list", "--publisher", "nobody"], ["events", "show", Self.unknown],
                    ["events", "types", "--json", "--mermaid"],
                    ["dead-letters", "list", "--limit", "1001"],
                    ["dead-letters", "list", "--consumer", "nobody"],
                    ["dead-letters", "show"], ["dead-letters", "show", "no-id"],
                    ["dead-letters", "show", Self.unknown], ["dead-letters", "retry"],
                    ["dead-letters", "retry", Self.unknown],
                    ["dead-letters", "retry", "--consumer", "nobody"],
                    ["dead-letters", "retry", "--payload", "/dev/null"],
                    ["dead-letters", "retry", Self.unknown, "--payload", "/no/such/file"],
                    ["dead-letters", "discard"], ["dead-letters", "discard", Self.unknown],
                    ["events", "replay"], replay + ["nobody"],
                    replay + ["notification.user-mails", "--from", "nothing"],
                    replay + ["search.user-index", "--from", "yesterday"],
                    replay + ["search.user-index", "--from", Self.unknown],
                ] {
                    let refused = try await system.command(misuse)
                    #expect(refused.exitCode == 2, "\(misuse): \(refused)")
                    #expect(refused.output.isEmpty, "\(misuse): \(refused)")
                    #expect(refused.complaintLines.count == 1, "\(misuse): \(refused)")
                }
            }
        }

        private func list(
            _ flags: String..., in system: RunningSystem
        ) async throws -> [JSON] {
            let run = try await system.command(["events", "list", "--json"] + flags)
            try #require(run.exitCode == 0 && run.complaints.isEmpty, "\(run)")
            return try JSON(parsing: Data(run.output.utf8))["items"].array
        }

        private func run(_ arguments: [String]) async throws -> Program {
            let run = try await Program.run(Program.flotilla, arguments)
            try #require(run.exitCode == 0 && run.complaints.isEmpty, "\(run)")
            return run
        }
    }
}
