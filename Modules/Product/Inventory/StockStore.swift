import Events
import Foundation
import Storage

/// Levels and their ledger as rows.
struct StockStore: Sendable {
    /// Notes the level of a new variant.
    func insert(_ level: StockLevel, at now: Date, in transaction: Transaction) throws {
        try transaction.execute(
            """
            INSERT INTO stock_levels (
                variant_id, product_id, sku, on_hand, allocated, reserved, overbooking_percent,
                customer_max, is_out, version, updated_at)
            VALUES (\(level.variantID), \(level.productID), \(level.sku), \(level.onHand),
                \(level.allocated), \(level.reserved), \(level.overbookingPercent),
                \(level.customerMax), \(level.isOut), \(level.version), \(now))
            """)
    }

    /// The levels of variants in one statement; those that are unknown are absent.
    func levels(
        of variants: [VariantID], at now: Date, in transaction: Transaction
    ) throws -> [VariantID: StockLevel] {
        let rows = try transaction.rows(
            """
            SELECT l.*, (
                SELECT COALESCE(SUM(h.quantity), 0) FROM stock_hold_lines h
                WHERE h.variant_id = l.variant_id AND h.state = 'held' AND h.expires_at <= \(now)
            ) AS overdue
            FROM stock_levels l WHERE l.variant_id \(among: variants)
            """)
        return Dictionary(
            try rows.map { row in
                let level = try Self.level(row, overdue: try row.get("overdue"))
                return (level.variantID, level)
            }, uniquingKeysWith: { first, _ in first })
    }

    /// Makes a move if there is enough for it; `nil` when there is not, and then nothing changed.
    ///
    /// One conditional statement: whoever else takes of the same variant waits for the row and is
    /// measured by what is left.
    func apply(
        _ move: StockMove, at now: Date, in transaction: Transaction
    ) throws -> StockLevel? {
        let isByHand = move.kind == .adjustment
        let rows = try transaction.rows(
            """
            UPDATE stock_levels SET
                on_hand = on_hand + \(move.onHand), allocated = allocated + \(move.allocated),
                reserved = reserved + \(move.reserved),
                version = version + \(isByHand ? 1 : 0), updated_at = \(now)
            WHERE variant_id = \(move.variantID)
                AND on_hand + \(move.onHand) BETWEEN 0 AND \(StockLevel.onHandMax)
                AND allocated + \(move.allocated) >= 0 AND reserved + \(move.reserved) >= 0
                AND allocated + \(move.allocated) + reserved + \(move.reserved)
                    <= on_hand + \(move.onHand)
                        + (on_hand + \(move.onHand)) * overbooking_percent / 100
            RETURNING *
            """)
        guard let row = rows.first else { return nil }
        try note(move, at: now, in: transaction)
        return try Self.level(row, overdue: 0)
    }

    /// Replaces what is there and the limits, if the version is still the one that was seen and
    /// what is sold and set aside still fits; `nil` when not.
    func replace(
        _ seen: StockLevel, with new: StockLevel, because move: StockMove, at now: Date,
        in transaction: Transaction
    ) throws -> StockLevel? {
        let rows = try transaction.rows(
            """
            UPDATE stock_levels SET
                on_hand = \(new.onHand), overbooking_percent = \(new.overbookingPercent),
                customer_max = \(new.customerMax), version = version + 1, updated_at = \(now)
            WHERE variant_id = \(seen.variantID) AND version = \(seen.version)
                AND allocated + reserved <= \(new.capacity)
            RETURNING *
            """)
        guard let row = rows.first else { return nil }
        try note(move, at: now, in: transaction)
        return try Self.level(row, overdue: 0)
    }

    /// Notes whether a variant was said to be out of stock.
    func setOut(_ isOut: Bool, of variant: VariantID, in transaction: Transaction) throws {
        try transaction.execute(
            "UPDATE stock_levels SET is_out = \(isOut) WHERE variant_id = \(variant)")
    }

    /// Notes another SKU.
    func rename(_ variant: VariantID, to sku: String, in transaction: Transaction) throws {
        try transaction.execute(
            "UPDATE stock_levels SET sku = \(sku) WHERE variant_id = \(variant)")
    }

    func note(_ move: StockMove, at now: Date, in transaction: Transaction) throws {
        try transaction.execute(
            """
            INSERT INTO stock_movements (
                variant_id, kind, on_hand, allocated, reserved, order_id, actor, reason, moved_at)
            VALUES (\(move.variantID), \(move.kind.rawValue), \(move.onHand), \(move.allocated),
                \(move.reserved), \(move.orderID), \(move.actor), \(move.reason), \(now))
            """)
    }

    /// The ledger of a variant, newest first.
    func movements(
        of variant: VariantID, before id: Int64?, limit: Int, in transaction: Transaction
    ) throws -> [StockMovement] {
        try transaction.rows(
            """
            SELECT * FROM stock_movements
            WHERE variant_id = \(variant) AND id < \(id ?? .max)
            ORDER BY id DESC LIMIT \(limit)
            """
        ).map(StockMovement.init)
    }

    private static func level(_ row: Row, overdue: Int) throws -> StockLevel {
        StockLevel(
            variantID: try row.get("variant_id"), productID: try row.get("product_id"),
            sku: try row.get("sku"), onHand: try row.get("on_hand"),
            allocated: try row.get("allocated"), reserved: try row.get("reserved"),
            overdue: overdue, overbookingPercent: try row.get("overbooking_percent"),
            customerMax: try row.get("customer_max"), isOut: try row.get("is_out"),
            version: try row.get("version"))
    }
}

/// A row of the ledger as it is shown.
struct StockMovement: Encodable, Sendable, Hashable {
    let id: Int64
    let kind: String
    let onHand: Int
    let allocated: Int
    let reserved: Int
    let orderId: OrderID?
    let actor: String?
    let reason: String?
    let movedAt: Date

    init(_ row: Row) throws {
        id = try row.get("id")
        kind = try row.get("kind")
        onHand = try row.get("on_hand")
        allocated = try row.get("allocated")
        reserved = try row.get("reserved")
        orderId = try row.get("order_id")
        actor = try row.get("actor")
        reason = try row.get("reason")
        movedAt = try row.get("moved_at")
    }
}
