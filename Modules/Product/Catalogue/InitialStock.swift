import Events
import Foundation
import Storage

/// The stock of a variant as far as the catalogue has a say in it.
struct InitialStock: Sendable {
    /// Notes the first pieces of a new variant, and where they come from.
    func create(
        _ variant: VariantID, of product: ProductID, sku: String, stock: VariantStock, at now: Date,
        in transaction: Transaction
    ) throws {
        let capacity = stock.onHand + stock.onHand * stock.overbookingPercent / 100
        try transaction.execute(
            """
            INSERT INTO stock_levels (variant_id, product_id, sku, on_hand, allocated, reserved,
                overbooking_percent, customer_max, is_out, version, updated_at)
            VALUES (\(variant), \(product), \(sku), \(stock.onHand), 0, 0,
                    \(stock.overbookingPercent), \(stock.customerMax), \(capacity == 0), 1, \(now))
            """)
        guard stock.onHand > 0 else { return }
        try transaction.execute(
            """
            INSERT INTO stock_movements (variant_id, kind, on_hand, allocated, reserved, reason,
                moved_at)
            VALUES (\(variant), 'adjustment', \(stock.onHand), 0, 0, 'catalogue', \(now))
            """)
    }

    /// Sets what may be sold of a variant beyond what there is, and by whom.
    ///
    /// - Returns: whether what was sold and held already fits.
    func limit(
        _ variant: VariantID, overbookingPercent: Int, customerMax: Int?, at now: Date,
        in transaction: Transaction
    ) throws -> Bool {
        try transaction.rowsChanged(
            by: """
                UPDATE stock_levels SET overbooking_percent = \(overbookingPercent),
                    customer_max = \(customerMax), version = version + 1, updated_at = \(now)
                WHERE variant_id = \(variant)
                AND allocated + reserved
                    <= on_hand + on_hand * CAST(\(overbookingPercent) AS BIGINT) / 100
                """) == 1
    }

    /// Follows a variant that gets another SKU.
    func rename(_ variant: VariantID, to sku: String, in transaction: Transaction) throws {
        try transaction.execute(
            "UPDATE stock_levels SET sku = \(sku) WHERE variant_id = \(variant)")
    }
}
