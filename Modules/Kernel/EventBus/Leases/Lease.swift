package import Storage

/// The right to do one part of the bus's work on one database, until it runs out.
///
/// The epoch is the fence: a holder that was paused and taken for dead still believes in its lease
/// when it wakes, but what it wants to store is refused, because the epoch has moved on.
package struct Lease: Sendable, Hashable {
    package let name: String
    package let epoch: Int64
    /// By this process's own clock, in the time of `BusEnvironment.uptime`.
    package let validUntil: Duration
    /// Whether the holder before went without a word: it may have died in the middle of something.
    package let isSuccession: Bool

    /// Makes sure that the lease is still ours, in the transaction that stores what we did.
    ///
    /// - Throws: ``LeaseLost``; `StorageError`.
    package func check(in transaction: Transaction) throws {
        let current = try transaction.first(
            "SELECT epoch FROM bus_leases WHERE name = \(name)")
        guard try current?.get("epoch") == epoch else { throw LeaseLost(name: name) }
    }
}

/// Another process has taken over this work; nothing of the transaction was stored.
package struct LeaseLost: Error, Hashable {
    package let name: String
}
