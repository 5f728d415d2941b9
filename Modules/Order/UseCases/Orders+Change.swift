import EventBus
import Events
import Foundation
import OrderContract
import Storage
import Web

extension Orders {
    /// Loads an order, lets something happen to it, saves it and tells: one transaction.
    ///
    /// - Parameters:
    ///   - user: whose it must be; `nil` for anybody's.
    ///   - condition: the version that the caller saw; `nil` for any.
    /// - Throws: ``OrderError/notFound``; `Problem` 412; what `body` throws.
    func change(
        _ id: OrderID, of user: UserID? = nil, by actor: TimelineEntry.Actor,
        if condition: VersionCondition? = nil, in transaction: Transaction,
        _ body: (inout OrderChange) throws -> Void
    ) throws -> Order {
        let order = try find(id, of: user, in: transaction)
        if let condition, !condition.admits(order.version) { throw Problem.versionMismatch }
        var change = try begin(order, by: actor, in: transaction)
        try body(&change)
        return try save(change, cause: nil, in: transaction)
    }

    /// Takes what an event tells of an order. One that was taken before changes nothing.
    ///
    /// - Throws: ``OrderError/unknownOrder(_:)``; `StorageError`.
    func hear(
        _ event: EventID, of id: OrderID, in transaction: Transaction,
        _ body: (inout OrderChange) throws -> Void
    ) throws {
        guard let order = try store.find(id, in: transaction) else {
            throw OrderError.unknownOrder(id)
        }
        guard try !timeline.has(event, of: id, in: transaction) else { return }
        var change = try begin(order, by: .house, in: transaction)
        try body(&change)
        guard !change.entries.isEmpty else { return }
        _ = try save(change, cause: event, in: transaction)
    }

    private func begin(
        _ order: Order, by actor: TimelineEntry.Actor, in transaction: Transaction
    ) throws -> OrderChange {
        OrderChange(
            order, refunds: try timeline.refunds(of: order.id, in: transaction), by: actor,
            at: try now(transaction).wholeMilliseconds, paymentWindow: policy.paymentWindow)
    }

    private func save(
        _ change: OrderChange, cause: EventID?, in transaction: Transaction
    ) throws -> Order {
        var order = change.order
        try store.update(order, in: transaction)
        order.version += 1
        try tell(change, cause: cause, in: transaction)
        return order
    }

    /// Writes the timeline and publishes; the order's own row is written already.
    func tell(_ change: OrderChange, cause: EventID?, in transaction: Transaction) throws {
        let id = change.order.id
        try timeline.append(change.entries, to: id, cause: cause, in: transaction)
        for refund in change.refunds { try timeline.put(refund, of: id, in: transaction) }
        for event in change.events { try outbox.publish(event, in: transaction) }
        for due in change.deadlines {
            try outbox.publish(due, at: due.deadline, in: transaction)
        }
        let outcomes = change.outcomes
        transaction.afterCommit { OrderMetrics.count(outcomes) }
    }
}
