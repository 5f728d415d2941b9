import Events
import Foundation
import ProductContract
import Storage

/// What can be ordered and what was quoted, as rows.
struct CatalogueStore: Sendable {
    /// Notes a product as it is described; an older description, or one of a deleted product, is
    /// ignored.
    ///
    /// - Returns: whether it was noted.
    func put(_ product: ProductDescription, in transaction: Transaction) throws -> Bool {
        guard try claim(product.id, version: product.version, in: transaction) else {
            return false
        }
        try transaction.execute("DELETE FROM variants WHERE product_id = \(product.id)")
        for described in product.variants {
            let variant = CatalogueVariant(described, of: product)
            let prices = JSON(try FlotillaJSON.encode(variant.prices))
            try transaction.execute(
                """
                INSERT INTO variants (variant_id, product_id, sku, name, is_active,
                    is_priced_by_rules, prices, quantity_min, quantity_max, starts_at)
                VALUES (\(variant.id), \(product.id), \(variant.sku), \(variant.name),
                        \(variant.isActive), \(variant.isPricedByRules), \(prices),
                        \(variant.quantityMin), \(variant.quantityMax), \(variant.startsAt))
                ON CONFLICT (variant_id) DO NOTHING
                """)
        }
        return true
    }

    /// Takes a product away for good, also one that was not heard of yet.
    func end(_ id: ProductID, version: Int64, in transaction: Transaction) throws {
        try transaction.execute(
            """
            INSERT INTO products (product_id, version, is_deleted)
            VALUES (\(id), \(version), \(true))
            ON CONFLICT (product_id) DO UPDATE
            SET version = excluded.version, is_deleted = excluded.is_deleted
            """)
        try transaction.execute("DELETE FROM variants WHERE product_id = \(id)")
    }

    /// Those of the variants that are known.
    func variants(
        _ ids: [VariantID], in transaction: Transaction
    ) throws -> [VariantID: CatalogueVariant] {
        let variants = try transaction.rows(
            """
            SELECT variant_id, sku, name, is_active, is_priced_by_rules, prices, quantity_min,
                quantity_max, starts_at
            FROM variants WHERE variant_id \(among: ids)
            """
        ).map(variant)
        return Dictionary(uniqueKeysWithValues: variants.map { ($0.id, $0) })
    }

    /// Whether nothing was heard of the catalogue yet.
    func isEmpty(in transaction: Transaction) throws -> Bool {
        try transaction.first("SELECT 1 AS one FROM products LIMIT 1") == nil
    }

    /// Notes a quote; told again, it is the same. Up to two that expired a day ago make room.
    func put(_ quote: Quote, at now: Date, in transaction: Transaction) throws {
        let items = JSON(try FlotillaJSON.encode(quote.items))
        try transaction.execute(
            """
            DELETE FROM quotes WHERE quote_id IN (
                SELECT quote_id FROM quotes WHERE expires_at < \(now - 86_400)
                ORDER BY expires_at LIMIT 2 \(only: .postgresql, "FOR UPDATE SKIP LOCKED"))
            """)
        try transaction.execute(
            """
            INSERT INTO quotes (quote_id, user_id, items, expires_at)
            VALUES (\(quote.id), \(quote.userID), \(items), \(quote.expiresAt))
            ON CONFLICT (quote_id) DO NOTHING
            """)
    }

    func quote(_ id: QuoteID, in transaction: Transaction) throws -> Quote? {
        try transaction.first(
            """
            SELECT quote_id, user_id, items, expires_at, order_id FROM quotes
            WHERE quote_id = \(id)
            """
        ).map { row in
            Quote(
                id: try row.get("quote_id"), userID: try row.get("user_id"),
                items: try FlotillaJSON.decode(
                    [QuoteGiven.Item].self, from: try row.get("items")),
                expiresAt: try row.get("expires_at"), orderID: try row.get("order_id"))
        }
    }

    /// Makes a quote an order's; `false` when it is another's.
    func use(
        _ id: QuoteID, for order: OrderID, in transaction: Transaction
    ) throws -> Bool {
        try transaction.rowsChanged(
            by: """
                UPDATE quotes SET order_id = \(order)
                WHERE quote_id = \(id) AND order_id IS NULL
                """) == 1
    }

    /// Forgets what a user was told.
    func forgetQuotes(of user: UserID, in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM quotes WHERE user_id = \(user)")
    }

    /// Takes the product's row if what is said of it is not older than what is known.
    private func claim(
        _ id: ProductID, version: Int64, in transaction: Transaction
    ) throws -> Bool {
        try transaction.rowsChanged(
            by: """
                INSERT INTO products (product_id, version, is_deleted)
                VALUES (\(id), \(version), \(false))
                ON CONFLICT (product_id) DO UPDATE SET version = excluded.version
                WHERE products.is_deleted = \(false) AND products.version <= excluded.version
                """) == 1
    }

    private func variant(_ row: Row) throws -> CatalogueVariant {
        CatalogueVariant(
            id: try row.get("variant_id"), sku: try row.get("sku"), name: try row.get("name"),
            isActive: try row.get("is_active"),
            isPricedByRules: try row.get("is_priced_by_rules"),
            prices: try FlotillaJSON.decode([Money].self, from: try row.get("prices")),
            quantityMin: try row.get("quantity_min"), quantityMax: try row.get("quantity_max"),
            startsAt: try row.get("starts_at"))
    }
}
