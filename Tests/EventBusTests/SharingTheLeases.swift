import EventBus
import FlotillaTesting
import Foundation
import Storage
import Testing

@Suite(.serialized) struct `Sharing the leases` {
    /// Processes that share a database, each with the same work to do.
    private func crew(
        _ count: Int, works: [String] = (0..<12).map { "yard.work-\($0)" }
    ) async throws -> (keepers: [LeaseKeeper], database: Database) {
        let uri = try PostgresServer.shared().makeDatabase()
        let database = try Database(module: "yard", at: try #require(StorageURL(uri)))
        try await database.migrate(Bus.migrations)
        let keepers = (0..<count).map { number in
            let keeper = LeaseKeeper(
                module: "yard", database: database,
                environment: BusEnvironment(
                    holder: "process \(number)", isHolderGone: { _ in false }))
            for work in works { keeper.keep(work, wake: Signal()) }
            return keeper
        }
        return (keepers, database)
    }

    private func works(of keeper: LeaseKeeper) -> Set<String> {
        Set((0..<12).map { "yard.work-\($0)" }.filter { keeper.lease($0) != nil })
    }

    /// What consumers do between two steps of theirs: they have nothing in hand.
    private func rest(_ keeper: LeaseKeeper) async throws {
        for number in 0..<12 { try await keeper.rest("yard.work-\(number)") }
    }

    @Test func `G7: the first has all, a second gets its share when the first is done with it`()
        async throws
    {
        let (keepers, _) = try await crew(2)
        try await keepers[0].step()
        #expect(works(of: keepers[0]).count == 12)
        try await keepers[1].step()
        #expect(works(of: keepers[1]).isEmpty, "nothing is free yet")
        try await keepers[0].step()
        let kept = works(of: keepers[0])
        #expect((1...11).contains(kept.count), "it begins nothing of what is to go")
        try await keepers[1].step()
        #expect(works(of: keepers[1]).isEmpty, "its work in hand is not done")
        try await rest(keepers[0])
        try await keepers[1].step()
        #expect(works(of: keepers[1]).union(kept).count == 12)
        #expect(works(of: keepers[1]).isDisjoint(with: kept))
    }

    @Test func `G7: work in hand goes on under a lease that is to be handed over`() async throws {
        let (keepers, database) = try await crew(2)
        try await keepers[0].step()
        let held = (0..<12).compactMap { keepers[0].lease("yard.work-\($0)") }
        try await keepers[1].step()
        try await keepers[0].step()
        let leaving = held.filter { keepers[0].lease($0.name) == nil }
        #expect(!leaving.isEmpty)
        for lease in leaving {
            #expect(keepers[0].holds(lease))
            try await database.write { try lease.check(in: $0) }
        }
    }

    @Test func `G7: four have a share each, and the others take over from one that goes`()
        async throws
    {
        let (keepers, _) = try await crew(4)
        for _ in 0..<3 {
            for keeper in keepers {
                try await keeper.step()
                try await rest(keeper)
            }
        }
        let shares = keepers.map { works(of: $0) }
        #expect(shares.reduce(0) { $0 + $1.count } == 12)
        #expect(shares.count { !$0.isEmpty } >= 3)
        let leaver = try #require(shares.indices.max { shares[$0].count < shares[$1].count })
        await keepers[leaver].release()
        for (index, keeper) in keepers.enumerated() where index != leaver {
            try await keeper.step()
            #expect(works(of: keeper).isSuperset(of: shares[index]), "the others keep theirs")
        }
        let rest = keepers.indices.filter { $0 != leaver }.map { works(of: keepers[$0]) }
        #expect(rest.reduce(0) { $0 + $1.count } == 12)
    }

    @Test func `one that would not do a work is not its favourite`() async throws {
        let (keepers, database) = try await crew(1)
        let narrow = LeaseKeeper(
            module: "yard", database: database,
            environment: BusEnvironment(holder: "narrow", isHolderGone: { _ in false }))
        narrow.keep("yard.work-3", wake: Signal())
        for _ in 0..<3 {
            for keeper in [keepers[0], narrow] {
                try await keeper.step()
                try await rest(keeper)
            }
        }
        #expect(works(of: narrow).isSubset(of: ["yard.work-3"]))
        #expect(works(of: narrow).union(works(of: keepers[0])).count == 12)
    }

    @Test func `G7: a paused holder that wakes can store nothing any more`() async throws {
        let (keepers, database) = try await crew(1)
        try await keepers[0].step()
        let old = try #require(keepers[0].lease("yard.work-0"))
        // As if its time had passed on the server's clock.
        try await database.write { transaction in
            try transaction.execute("UPDATE bus_leases SET expires_at = now() - interval '1 hour'")
            try transaction.execute("DELETE FROM bus_instances")
        }
        let successor = LeaseKeeper(
            module: "yard", database: database,
            environment: BusEnvironment(holder: "successor", isHolderGone: { _ in false }))
        successor.keep("yard.work-0", wake: Signal())
        try await successor.step()
        #expect(successor.lease("yard.work-0")?.isSuccession == true)
        await #expect(throws: LeaseLost.self) {
            try await database.write { transaction in
                try old.check(in: transaction)
                try transaction.execute("DELETE FROM bus_leases")
            }
        }
    }

    @Test(.timeLimit(.minutes(4)))
    func `what one process publishes wakes the others`() async throws {
        let uri = try PostgresServer.shared().makeDatabase()
        let url = try #require(StorageURL(uri))
        let (first, second) = (
            try Database(module: "yard", at: url), try Database(module: "yard", at: url)
        )
        try await first.migrate(Bus.migrations)
        let (news, heard) = AsyncStream<DatabaseNews>.makeStream()
        let listening = Task { await second.listen { heard.yield($0) } }
        var iterator = news.makeAsyncIterator()
        // Once for what it may have missed before it listened.
        #expect(await iterator.next() == .log)
        #expect(await iterator.next() == .leases)
        try await first.announce(.log)
        #expect(await iterator.next() == .log)
        try await first.announce(.leases)
        #expect(await iterator.next() == .leases)
        listening.cancel()
        await listening.value
    }
}
