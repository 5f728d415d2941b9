import Testing

extension `The whole system under strain` {
    @Suite struct `Stopping under load` {
        @Test(arguments: Topology.mostCases)
        func `G12: SIGTERM under load leaves nothing half done, again and again`(
            topology: Topology
        ) async throws {
            try await withSystem(topology) {
                try await Witness(system: $0).install()
            } _: { system in
                let regulars = [
                    try await system.person("Regular", number: 1),
                    try await system.person("Regular", number: 2),
                ]
                let load = Load(isPatient: true) { system.api }
                async let running: Void = load.run(regulars: regulars)
                for _ in 0..<(topology.isSplit ? 2 : 10) {
                    let before = load.remembered.answeredCount
                    try await eventually("some load") {
                        load.remembered.answeredCount - before
                    } until: {
                        $0 > 20
                    }
                    let end = try await system.stop()
                    #expect(end.exitCode == 0 && end.duration < .seconds(10), "\(end)")
                    try await expectNothingHalfDone(in: system)
                    try await system.start()
                }
                load.end()
                try await running
                try await Witness(system: system).expectNoBreaches(within: .seconds(30))
                try await Reckoning(
                    system: system, load: load.remembered, regulars: regulars
                ).expectOneOfEach("after SIGTERM")
            }
        }

        /// Whoever stops in good order gives its leases back, and has no event in hand: none is
        /// parked as suspected of having been in dead hands.
        private func expectNothingHalfDone(in system: RunningSystem) async throws {
            let kept = Witness.modules.map {
                "SELECT name, holder FROM \"\($0)\".bus_leases WHERE NOT is_released"
            }
            let parked = Witness.modules.map {
                "SELECT consumer, position FROM \"\($0)\".inbox_parked"
            }
            for queries in [kept, parked] {
                let rows = try await system.tables.rowsOfAll(
                    Witness.modules, queries.joined(separator: " UNION ALL "))
                #expect(rows.isEmpty)
            }
        }
    }
}
