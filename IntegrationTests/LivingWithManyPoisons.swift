import Testing

extension `The whole system under strain` {
    @Suite struct `Living with many poisons` {
        /// More than a command can make due before the first of them dies again.
        private static let manyCount = 330

        @Test(arguments: Topology.mostCases)
        func `all dead letters of a consumer are tried once more, also when they die again`(
            topology: Topology
        ) async throws {
            try await withSystem(topology) { system in
                let count = Self.manyCount
                try await Poison(tables: system.tables).publishUnreadable(keyCount: count)
                try await system.deadLetters(count: Poison.hearers.count * count)
                let retried = try await system.command(
                    ["dead-letters", "retry", "--consumer", "search.user-index"])
                #expect(retried.exitCode == 0 && retried.complaints.isEmpty, "\(retried)")
                #expect(retried.output.hasPrefix("\(count) dead letters"), "\(retried)")
                let again = try await eventually("they die again") {
                    try await system.deadLetters("--consumer", "search.user-index")
                } until: {
                    $0.count == count
                }
                #expect(again.allSatisfy { $0["attempts"] == 2 }, "each once")
                let others = try await system.deadLetters("--consumer", "order.customers")
                #expect(others.allSatisfy { $0["attempts"] == 1 })
                _ = try await system.stop()
                let stopped = try await system.command(
                    ["dead-letters", "retry", "--consumer", "order.customers"])
                #expect(stopped.output.hasPrefix("\(count) dead letters"), "\(stopped)")
                #expect(try await system.deadLetters("--consumer", "order.customers").isEmpty)
                #expect(try await system.deadLetters("--all").count == 3 * count)
            }
        }
    }
}
