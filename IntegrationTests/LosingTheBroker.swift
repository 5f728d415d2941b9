import Foundation
import Testing

extension `The whole system under strain` {
    @Suite struct `Losing the broker` {
        private static let topologies = Topology.splits.filter { !$0.isOnPostgres }

        @Test(arguments: topologies)
        func `G6: requests are answered while it is away, and told to all afterwards`(
            topology: Topology
        ) async throws {
            try await withSystem(topology) {
                try await Witness(system: $0).install()
            } _: { system in
                let broker = try #require(system.broker)
                _ = try await system.person("Before")
                try await system.quiet()
                broker.freeze()
                let start = ContinuousClock.now
                for number in 0..<5 { _ = try await system.person("Meanwhile", number: number) }
                #expect(ContinuousClock.now - start < .seconds(10))
                for api in system.apisOfModules {
                    let ready = try await api.get("/health/ready")
                    #expect(ready.status == 200, "\(api.url): \(ready)")
                }
                let report = try await eventually("it is told what is wrong", within: .seconds(30))
                {
                    try await system.api.get("/health/integrations")
                } until: {
                    $0.status == 503 && $0.json["checks"]["user.kafka"]["status"] == "fail"
                        && $0.json["checks"]["user.bus"]["data"]["UserRegisteredEventV1"] != .null
                }
                #expect(report.json["checks"]["user.bus"]["data"]["UserRegisteredEventV1"] != 0)
                let stop = ContinuousClock.now
                #expect(try await system.stop(.orders) == 0, "a stop waits for no broker")
                #expect(ContinuousClock.now - stop < .seconds(10))
                broker.thaw()
                try await system.start(.orders)
                try await Witness(system: system).expectNoBreaches(within: .seconds(60))
            }
        }

        @Test(arguments: topologies)
        func `G6: one that comes back empty is filled from the logs, and nobody hears it twice`(
            topology: Topology
        ) async throws {
            try await withSystem(topology) {
                try await Witness(system: $0).install()
            } _: { system in
                let broker = try #require(system.broker)
                for number in 0..<5 { _ = try await system.person("Early", number: number) }
                try await system.quiet()
                #expect(try await system.stop(.followers) == 0)
                for number in 0..<5 { _ = try await system.person("Late", number: number) }
                try await eventually("all is sent", within: .seconds(20)) {
                    let readers = try await system.tables.rows(
                        "user", "SELECT position FROM outbox_readers WHERE reader = 'kafka'")
                    let log = try await system.tables.rows(
                        "user", "SELECT MAX(position) AS position FROM outbox_events")
                    return (readers, log)
                } until: {
                    $0 == $1
                }
                try broker.empty()
                _ = try await system.person("Afterwards")
                try await system.start(.followers)
                let run = try await system.command(["events", "republish"])
                #expect(run.exitCode == 0, "\(run)")
                #expect(run.output.contains("will be sent again"), "\(run)")
                try await Witness(system: system).expectNoBreaches(within: .seconds(60))
            }
        }
    }
}
