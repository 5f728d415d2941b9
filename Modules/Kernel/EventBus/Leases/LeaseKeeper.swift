import Events
import Foundation
import Logging
import Metrics
package import Storage
import Synchronization
import Telemetry

/// Takes and renews one process's leases in one module's database.
///
/// All leases of the database are renewed in one small transaction, three times before they would
/// run out. A holder that is known to have ended is succeeded at once; one that can't be seen, when
/// its lease has run out.
///
/// On PostgreSQL the processes share the leases: each lease has a favourite among those that are
/// there (see ``Rendezvous``). Another one that holds it hands it over when its work in hand is
/// done. On SQLite, where nothing wakes another process, whoever came first keeps them.
package final class LeaseKeeper: Sendable {
    private struct State {
        var names: [String] = []
        var held: [String: Lease] = [:]
        var wakes: [Signal] = []
        /// Those whose work is to end, for the favourite is there.
        var yielding: Set<String> = []
        var hasCompany = false
    }

    private let module: String
    private let database: Database
    private let environment: BusEnvironment
    private let transport: String
    private let logger: Logger
    private let state = Mutex(State())
    private let wake = Signal()

    /// - Parameter transport: what brings this process its events. Consumers that an operator has
    ///   routed to another transport are left to other processes.
    package init(
        module: String, database: Database, environment: BusEnvironment,
        transport: String = Cutover.inProcess
    ) {
        self.transport = transport
        self.module = module
        self.database = database
        self.environment = environment
        logger = environment.logger(module: module)
    }

    /// Keeps one more lease; `wake` is raised when it is taken.
    package func keep(_ name: String, wake: Signal) {
        state.withLock {
            $0.names.append(name)
            $0.wakes.append(wake)
        }
        losses(of: name).increment(by: 0)
    }

    /// The right to begin work of that name: while the lease is held, has not run out by this
    /// process's own clock and is not to be handed over.
    package func lease(_ name: String) -> Lease? {
        let lease = state.withLock { $0.yielding.contains(name) ? nil : $0.held[name] }
        guard let lease, environment.uptime() < lease.validUntil else { return nil }
        return lease
    }

    /// Whether work that was begun under a lease may go on.
    package func holds(_ lease: Lease) -> Bool {
        // As it was renewed last, not as it was when the work began.
        guard let held = state.withLock({ $0.held[lease.name] }) else { return false }
        return held.epoch == lease.epoch && environment.uptime() < held.validUntil
    }

    /// Called by whoever does the work of that name and has none in hand: hands the lease over if
    /// it is to be.
    ///
    /// - Throws: `StorageError`.
    package func rest(_ name: String) async throws {
        let lease = state.withLock { $0.yielding.contains(name) ? $0.held[name] : nil }
        guard let lease else { return }
        try await database.write { try self.giveBack(lease, in: $0) }
        state.withLock { state in
            state.yielding.remove(name)
            state.held[name] = nil
        }
        logger.info("lease handed over", metadata: ["lease": "\(name)"])
        try await database.announce(.leases)
    }

    /// Whether other processes work on this database.
    package var hasCompany: Bool { state.withLock { $0.hasCompany } }

    /// Makes it look at once for leases that have become free.
    package func look() { wake.raise() }

    /// Renews until cancelled. A failure is no loss yet: the leases run on for a while.
    package func run() async {
        while !Task.isCancelled {
            do {
                try await step()
            } catch {
                if Task.isCancelled { return }
                logger.warning("leases were not renewed", error: error)
            }
            await wake.wait(upTo: interval, clock: environment.clock)
        }
    }

    private var interval: Duration { environment.settings.leaseDuration / 3 }

    /// Takes what is free and renews what is held.
    package func step() async throws {
        let (names, known) = state.withLock { ($0.names, $0.held) }
        guard !names.isEmpty else { return }
        // The clock is read before the database is asked, so that our own end comes first.
        let validUntil = environment.uptime() + environment.settings.leaseDuration
        let (held, yielding, hasCompany) = try await database.write { transaction in
            let now = try self.now(in: transaction)
            let barred = try Cutover.routedElsewhere(than: self.transport, in: transaction)
            let rivals = try self.meet(
                names.filter { !barred.contains($0) }, at: now, in: transaction)
            var held: [String: Lease] = [:]
            for name in names where !barred.contains(name) || known[name] != nil {
                held[name] = try self.claim(
                    name, known: known[name], validUntil: validUntil, at: now,
                    isFavourite: rivals.isFavourite(of: name),
                    in: transaction)
            }
            let yielding = held.keys.filter {
                !rivals.isFavourite(of: $0) || barred.contains($0)
            }
            return (held, Set(yielding), rivals.hasCompany)
        }
        for (name, lease) in known where held[name]?.epoch != lease.epoch { lost(name) }
        let isRicher = held.contains { known[$0.key]?.epoch != $0.value.epoch }
        let wakes = state.withLock { state in
            let isYielding = !yielding.isSubset(of: state.yielding)
            state.held = held
            state.yielding = yielding
            state.hasCompany = hasCompany
            return isRicher || isYielding ? state.wakes : []
        }
        for wake in wakes { wake.raise() }
    }

    /// Gives everything back, after the work has ended, so that a successor need not wait.
    package func release() async {
        let held = state.withLock { state in
            defer { state.held = [:] }
            return state.held
        }
        guard !held.isEmpty || database.dialect == .postgresql else { return }
        do {
            try await database.write { [environment] transaction in
                for lease in held.values { try self.giveBack(lease, in: transaction) }
                try transaction.execute(
                    "DELETE FROM bus_instances WHERE holder = \(environment.holder)")
            }
            try await database.announce(.leases)
        } catch {
            logger.warning("leases were not given back", error: error)
        }
    }

    private func giveBack(_ lease: Lease, in transaction: Transaction) throws {
        try transaction.execute(
            """
            UPDATE bus_leases SET is_released = \(true)
            WHERE name = \(lease.name) AND epoch = \(lease.epoch)
            """)
    }

    /// The time that all who share the database see: the server's. On SQLite they share a machine.
    private func now(in transaction: Transaction) throws -> Date {
        guard transaction.dialect == .postgresql else { return environment.now() }
        return try transaction.first("SELECT clock_timestamp() AS now")?.get("now")
            ?? environment.now()
    }

    /// Says that this process is there, and finds out which others are.
    private func meet(
        _ names: [String], at now: Date, in transaction: Transaction
    ) throws -> Rendezvous {
        guard transaction.dialect == .postgresql else {
            return Rendezvous(of: environment.holder, with: [])
        }
        let expiry = now + environment.settings.leaseDuration.seconds
        let isGuest = environment.settings.isGuest
        if !isGuest {
            try transaction.execute(
                """
                INSERT INTO bus_instances (holder, leases, expires_at)
                VALUES (\(environment.holder), \(names), \(expiry))
                ON CONFLICT (holder) DO UPDATE
                SET leases = excluded.leases, expires_at = excluded.expires_at
                """)
        }
        try transaction.execute(
            "DELETE FROM bus_instances WHERE expires_at < \(now - 3_600)")
        let all = try transaction.rows(
            "SELECT holder, leases FROM bus_instances WHERE expires_at > \(now)"
        ).map {
            Rendezvous.Rival(
                holder: try $0.get("holder"), leases: Set(try $0.get("leases", as: [String].self)))
        }
        return Rendezvous(
            of: environment.holder, isGuest: isGuest,
            with: all.filter { !environment.isHolderGone($0.holder) })
    }

    private func claim(
        _ name: String, known: Lease?, validUntil: Duration, at now: Date, isFavourite: Bool,
        in transaction: Transaction
    ) throws -> Lease? {
        let expiry = now + environment.settings.leaseDuration.seconds
        let row = try transaction.first(
            "SELECT holder, epoch, expires_at, is_released FROM bus_leases WHERE name = \(name)")
        guard let row else {
            try transaction.execute(
                """
                INSERT INTO bus_leases (name, holder, epoch, expires_at, is_released)
                VALUES (\(name), \(environment.holder), 1, \(expiry), \(false))
                """)
            return Lease(name: name, epoch: 1, validUntil: validUntil, isSuccession: false)
        }
        let epoch = try row.get("epoch", as: Int64.self)
        let holder = try row.get("holder", as: String.self)
        let isReleased = try row.get("is_released", as: Bool.self)
        if holder == environment.holder, !isReleased {
            try transaction.execute(
                "UPDATE bus_leases SET expires_at = \(expiry) WHERE name = \(name)")
            return Lease(
                name: name, epoch: epoch, validUntil: validUntil,
                isSuccession: known?.isSuccession ?? false)
        }
        let expiresAt = try row.get("expires_at", as: Date.self)
        guard isReleased || expiresAt <= now || environment.isHolderGone(holder) else { return nil }
        // The favourite comes first; when it does not come, somebody else has to.
        guard isFavourite || expiresAt + interval.seconds <= now else { return nil }
        try transaction.execute(
            """
            UPDATE bus_leases SET holder = \(environment.holder), epoch = \(epoch + 1),
                expires_at = \(expiry), is_released = \(false)
            WHERE name = \(name)
            """)
        return Lease(
            name: name, epoch: epoch + 1, validUntil: validUntil, isSuccession: !isReleased)
    }

    /// Tells of a lease that another process has taken.
    package func lost(_ name: String) {
        let wasHeld = state.withLock { $0.held.removeValue(forKey: name) != nil }
        guard wasHeld else { return }
        losses(of: name).increment()
        logger.warning("lease lost", metadata: ["lease": "\(name)"])
    }

    private func losses(of name: String) -> Counter {
        Counter(
            label: "flotilla.bus.lease_losses",
            dimensions: [("module", module), ("lease", name)])
    }
}
