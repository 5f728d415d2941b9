import EventBus
import Events
import FlotillaTesting
import Foundation
import OrderContract
import Platform
import Storage

@testable import Order
@testable import Payment
@testable import Product

/// Goes over all databases of a world that has come to rest, and finds what does not fit together.
struct Books: Sendable {
    /// An order with what its stock and its money say of it.
    struct Entry: Sendable {
        let order: Order
        let hold: StockHold?
        /// What the provider took and did not give back.
        let kept: Int64
    }

    let simulation: Simulation
    let entries: [Entry]

    init(of simulation: Simulation) throws {
        self.simulation = simulation
        let ids = try simulation.read(OrderModule.name) { transaction in
            try transaction.rows("SELECT id FROM orders ORDER BY id")
                .map { try $0.get("id", as: OrderID.self) }
        }
        entries = try ids.map { id in
            let order = try simulation.read(OrderModule.name) { transaction in
                try OrderStore().find(id, in: transaction)
            }
            guard let order else { throw OrderError.unknownOrder(id) }
            return Entry(
                order: order,
                hold: try simulation.read(ProductModule.name) {
                    try HoldStore().find(id, in: $0)
                }, kept: try Self.kept(of: id, in: simulation))
        }
    }

    /// What the orders came to, as `state/paymentStatus`, sorted.
    var endings: [String] {
        entries.map { "\($0.order.state.rawValue)/\($0.order.paymentStatus.rawValue)" }.sorted()
    }

    /// Everything that is wrong.
    func faults() async throws -> [String] {
        let report = try await simulation.call(PaymentModule.self) { try await $0.reconcile() }
        return try entries.flatMap { try faults(of: $0) } + stockFaults() + chargeFaults()
            + deadLetters()
            + (report.isBalanced ? [] : ["it does not reckon up: \(report)"])
    }

    // MARK: - Orders

    private static let ended: Set<OrderState> = [
        .confirmed, .rejected, .expired, .cancelled, .refunded,
    ]

    private func faults(of entry: Entry) throws -> [String] {
        let (order, hold) = (entry.order, entry.hold)
        var faults: [String] = []
        func check(_ isWell: Bool, _ text: String) {
            if !isWell {
                faults.append("\(order.id) \(order.state)/\(order.paymentStatus): \(text)")
            }
        }
        check(Self.ended.contains(order.state), "has not ended")
        check(order.deadline == nil, "still has a deadline")
        check(order.refundPendingAmount == 0, "waits for a refund")
        let isConfirmed = order.state == .confirmed
        check(
            (hold?.state == .converted) == isConfirmed,
            "has a hold that is \(hold.map { "\($0.state)" } ?? "missing")")
        // One that is merely over was forgotten: the order's end was to end it.
        let given: [StockHold.State?] = [.released, .returned, .refused]
        check(isConfirmed || given.contains(hold?.state), "left its hold to itself")
        let due = isConfirmed ? order.total.amount : order.fee?.amount ?? 0
        check(entry.kept == due, "the provider has \(entry.kept) and not \(due)")
        let booked = (order.taken?.amount ?? 0) - order.refundedAmount
        check(booked == due, "counts \(booked) as its own and not \(due)")
        let confirmations = try simulation.published(OrderConfirmed.self)
            .filter { $0.orderID == order.id }
        check(confirmations.count <= 1, "was confirmed \(confirmations.count) times")
        check(!isConfirmed || confirmations.count == 1, "is confirmed and nobody was told")
        check(order.attempt <= Order.attemptCountMax, "was charged \(order.attempt) times")
        return try faults + timelineFaults(of: order)
    }

    private func timelineFaults(of order: Order) throws -> [String] {
        let (entries, causes) = try simulation.read(OrderModule.name) { transaction in
            (
                try TimelineStore().list(of: order.id, in: transaction),
                try transaction.rows(
                    """
                    SELECT event_id, occurrence FROM order_timeline
                    WHERE order_id = \(order.id) AND event_id IS NOT NULL
                    """
                ).map { row in
                    "\(try row.get("event_id", as: EventID.self)) "
                        + (try row.get("occurrence", as: String.self))
                }
            )
        }
        var faults: [String] = []
        if entries.map(\.seq) != Array(1...max(order.timelineCount, 1)) {
            faults.append("\(order.id): the timeline has holes")
        }
        if Set(causes).count != causes.count {
            faults.append("\(order.id): the timeline tells one event twice")
        }
        for (before, after) in zip(entries, entries.dropFirst()) where before.to != after.from {
            faults.append("\(order.id): the timeline jumps from \(before.to) to \(after.from)")
        }
        // Holds come and go; everything else happens once to one payment or refund.
        let facts = entries.filter {
            $0.occurrence != .stockHeld && $0.occurrence != .stockReleased
        }
        .map { entry in
            "\(entry.occurrence) \(entry.detail.attempt ?? 0)"
                + " \(entry.detail.paymentID?.description ?? "")"
                + " \(entry.detail.refundID?.description ?? "")"
        }
        if Set(facts).count != facts.count {
            faults.append("\(order.id): the timeline has an entry twice: \(facts)")
        }
        return faults
    }

    // MARK: - Stock

    private func stockFaults() throws -> [String] {
        let confirmed = entries.filter { $0.order.state == .confirmed }.flatMap(\.order.items)
        return try simulation.read(ProductModule.name) { transaction in
            try [Shop.room, Shop.breakfast].flatMap { variant -> [String] in
                let levels = try StockStore().levels(
                    of: [variant], at: simulation.now, in: transaction)
                guard let level = levels[variant] else { return ["a variant has no level"] }
                let sold = confirmed.filter { $0.productID == variant }
                    .reduce(0) { $0 + $1.quantity }
                var faults: [String] = []
                func check(_ isWell: Bool, _ text: String) {
                    if !isWell { faults.append("\(level.sku): \(text)") }
                }
                check(level.reserved == 0, "\(level.reserved) pieces are set aside for nobody")
                check(level.allocated == sold, "\(level.allocated) allocated and \(sold) sold")
                check(level.allocated <= level.onHand, "oversold")
                var (onHand, allocated, reserved) = (0, 0, 0)
                let moves = try transaction.rows(
                    """
                    SELECT on_hand, allocated, reserved FROM stock_movements
                    WHERE variant_id = \(variant) ORDER BY id
                    """)
                for move in moves {
                    onHand += try move.get("on_hand", as: Int.self)
                    allocated += try move.get("allocated", as: Int.self)
                    reserved += try move.get("reserved", as: Int.self)
                    check(
                        allocated >= 0 && reserved >= 0 && allocated + reserved <= onHand,
                        "the ledger passes \(onHand), \(allocated), \(reserved)")
                }
                check(
                    (onHand, allocated, reserved)
                        == (level.onHand, level.allocated, level.reserved),
                    "the ledger comes to \(onHand), \(allocated), \(reserved)")
                return faults
            } + strayHolds(in: transaction)
        }
    }

    private func strayHolds(in transaction: Transaction) throws -> [String] {
        let known = Set(entries.map(\.order.id))
        return try transaction.rows("SELECT order_id, state FROM stock_holds").compactMap { row in
            let id = try row.get("order_id", as: OrderID.self)
            return known.contains(id)
                ? nil : "a hold without an order: \(try row.get("state", as: String.self))"
        }
    }

    // MARK: - Letters

    private func deadLetters() throws -> [String] {
        try Shop.modules.flatMap { module in
            try simulation.read(module.name) { transaction in
                try transaction.rows("SELECT consumer, type, state, error FROM inbox_parked").map {
                    "\(try $0.get("consumer", as: String.self)) has put aside"
                        + " \(try $0.get("type", as: String.self)):"
                        + " \(try $0.get("error", as: String?.self) ?? "")"
                }
            }
        }
    }
}
