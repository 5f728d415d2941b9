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
package final class LeaseKeeper: Sendable {
    private struct State {
        var names: [String] = []
        var held: [String: Lease] = [:]
        var wakes: [Signal] = []
        var isReleased = false
    }

    private let module: String
    private let database: Database
    private let environment: BusEnvironment
    private let logger: Logger
    private let state = Mutex(State())

    package init(module: String, database: Database, environment: BusEnvironment) {
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

    /// The lease of that name while it is held and has not run out by this process's own clock.
    package func lease(_ name: String) -> Lease? {
        guard let lease = state.withLock({ $0.held[name] }), environment.uptime() < lease.validUntil
        else { return nil }
        return lease
    }

    /// Renews until cancelled. A failure is no loss yet: the leases run on for a while.
    package func run() async {
        while !Task.isCancelled {
            do {
                try await step()
            } catch {
                if Task.isCancelled { return }
                logger.warning("leases were not renewed", error: error)
            }
            try? await environment.clock.sleep(for: environment.settings.leaseDuration / 3)
        }
    }

    /// Takes what is free and renews what is held.
    package func step() async throws {
        let (names, known) = state.withLock { ($0.names, $0.held) }
        guard !names.isEmpty else { return }
        // The clock is read before the database is asked, so that our own end comes first.
        let validUntil = environment.uptime() + environment.settings.leaseDuration
        let held = try await database.write { transaction in
            var held: [String: Lease] = [:]
            for name in names {
                held[name] = try self.claim(
                    name, known: known[name], validUntil: validUntil, in: transaction)
            }
            return held
        }
        for (name, lease) in known where held[name]?.epoch != lease.epoch { lost(name) }
        let isRicher = held.contains { known[$0.key]?.epoch != $0.value.epoch }
        let wakes = state.withLock { state in
            state.held = held
            return isRicher ? state.wakes : []
        }
        for wake in wakes { wake.raise() }
    }

    /// Gives everything back, after the work has ended, so that a successor need not wait.
    package func release() async {
        let held = state.withLock { state in
            defer { state.held = [:] }
            return state.held
        }
        guard !held.isEmpty else { return }
        do {
            try await database.write { transaction in
                for lease in held.values {
                    try transaction.execute(
                        """
                        UPDATE bus_leases SET is_released = \(true)
                        WHERE name = \(lease.name) AND epoch = \(lease.epoch)
                        """)
                }
            }
        } catch {
            logger.warning("leases were not given back", error: error)
        }
    }

    private func claim(
        _ name: String, known: Lease?, validUntil: Duration, in transaction: Transaction
    ) throws -> Lease? {
        let now = environment.now()
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
        let hasExpired = try row.get("expires_at", as: Date.self) <= now
        guard isReleased || hasExpired || environment.isHolderGone(holder) else { return nil }
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
