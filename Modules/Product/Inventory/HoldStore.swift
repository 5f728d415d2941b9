import Events
import Foundation
import Storage

/// Holds and their lines as rows.
struct HoldStore: Sendable {
    /// What is known of what an order wants of a variant.
    struct Offer: Sendable {
        let variantID: VariantID
        let sku: String
        let isForSale: Bool
        let quantities: ClosedRange<Int>
    }

    /// Whether and in which numbers variants are sold, in one statement; unknown ones are absent.
    func offers(
        of variants: [VariantID], at now: Date, in transaction: Transaction
    ) throws -> [VariantID: Offer] {
        let rows = try transaction.rows(
            """
            SELECT l.variant_id, l.sku, v.is_active, v.starts_at, v.ends_at, v.quantity_min,
                v.quantity_max, p.status
            FROM stock_levels l JOIN variants v ON v.id = l.variant_id
                JOIN products p ON p.id = v.product_id
            WHERE l.variant_id \(among: variants)
            """)
        return Dictionary(
            try rows.map { row in
                let least: Int = try row.get("quantity_min")
                let offer = Offer(
                    variantID: try row.get("variant_id"), sku: try row.get("sku"),
                    isForSale: try row.isForSale(at: now),
                    quantities: least...max(least, try row.get("quantity_max")))
                return (offer.variantID, offer)
            }, uniquingKeysWith: { first, _ in first })
    }

    /// The hold of an order.
    func find(_ order: OrderID, in transaction: Transaction) throws -> StockHold? {
        try holds("h.order_id = \(order)", in: transaction).first
    }

    /// Holds of any of the variants that are over and were not tidied, the oldest orders first.
    func overdue(
        of variants: [VariantID], at now: Date, limit: Int, in transaction: Transaction
    ) throws -> [StockHold] {
        try holds(
            """
            h.order_id IN (
                SELECT order_id FROM stock_hold_lines
                WHERE variant_id \(among: variants)
                    AND state = 'held' AND expires_at <= \(now)
                ORDER BY order_id LIMIT \(limit))
            """, in: transaction)
    }

    private func holds(_ condition: SQL, in transaction: Transaction) throws -> [StockHold] {
        let rows = try transaction.rows(
            """
            SELECT h.*, i.variant_id, i.quantity, l.sku FROM stock_holds h
                LEFT JOIN stock_hold_lines i ON i.order_id = h.order_id
                LEFT JOIN stock_levels l ON l.variant_id = i.variant_id
            WHERE \(condition) ORDER BY h.order_id
            """)
        var order: [OrderID] = []
        var lines: [OrderID: [StockHold.Line]] = [:]
        var heads: [OrderID: Row] = [:]
        for row in rows {
            let id: OrderID = try row.get("order_id")
            if heads.updateValue(row, forKey: id) == nil { order.append(id) }
            guard let variant: VariantID = try row.get("variant_id", as: VariantID?.self) else {
                continue
            }
            lines[id, default: []].append(
                StockHold.Line(
                    variantID: variant, sku: try row.get("sku"),
                    quantity: try row.get("quantity")))
        }
        return try order.compactMap { id in
            try heads[id].map { row in
                guard let state = StockHold.State(rawValue: try row.get("state")) else {
                    preconditionFailure("the schema knows no other state of a hold")
                }
                return StockHold(
                    orderID: id, userID: try row.get("user_id"), state: state,
                    expiresAt: try row.get("expires_at"),
                    lines: (lines[id] ?? []).sorted { $0.sku < $1.sku })
            }
        }
    }

    /// Notes a new hold; `false` when its order has one already.
    func insert(_ hold: StockHold, at now: Date, in transaction: Transaction) throws -> Bool {
        let count = try transaction.rowsChanged(
            by: """
                INSERT INTO stock_holds (
                    order_id, user_id, state, expires_at, created_at, updated_at)
                VALUES (\(hold.orderID), \(hold.userID), \(hold.state.rawValue),
                    \(hold.expiresAt), \(now), \(now))
                ON CONFLICT (order_id) DO NOTHING
                """)
        guard count == 1 else { return false }
        for line in hold.lines {
            try transaction.execute(
                """
                INSERT INTO stock_hold_lines (
                    order_id, variant_id, user_id, quantity, state, expires_at)
                VALUES (\(hold.orderID), \(line.variantID), \(hold.userID), \(line.quantity),
                    \(hold.state.rawValue), \(hold.expiresAt))
                """)
        }
        return true
    }

    /// Moves a hold on; `nil`, and nothing changed, when it is not where it was seen: somebody else
    /// moved it, and did what goes with it.
    func move(
        _ hold: StockHold, to state: StockHold.State, until end: Date, at now: Date,
        in transaction: Transaction
    ) throws -> StockHold? {
        let count = try transaction.rowsChanged(
            by: """
                UPDATE stock_holds
                SET state = \(state.rawValue), expires_at = \(end), updated_at = \(now)
                WHERE order_id = \(hold.orderID) AND state = \(hold.state.rawValue)
                    AND expires_at = \(hold.expiresAt)
                """)
        guard count == 1 else { return nil }
        try transaction.execute(
            """
            UPDATE stock_hold_lines SET state = \(state.rawValue), expires_at = \(end)
            WHERE order_id = \(hold.orderID)
            """)
        return StockHold(
            orderID: hold.orderID, userID: hold.userID, state: state, expiresAt: end,
            lines: hold.lines)
    }

    /// Pieces of a variant that a user has, or has set aside, beside those of one order.
    func count(
        of variant: VariantID, had user: UserID, beside order: OrderID, at now: Date,
        in transaction: Transaction
    ) throws -> Int {
        let row = try transaction.first(
            """
            SELECT COALESCE(SUM(quantity), 0) AS pieces FROM stock_hold_lines
            WHERE user_id = \(user) AND variant_id = \(variant) AND order_id <> \(order)
                AND (state = 'converted' OR (state = 'held' AND expires_at > \(now)))
            """)
        return try row?.get("pieces") ?? 0
    }
}
