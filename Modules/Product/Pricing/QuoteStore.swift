import Events
import Foundation
import Storage
import Web

/// Quotes as rows, and what they are made of.
struct QuoteStore: Sendable {
    /// What the catalogue says of a variant.
    struct Tag: Sendable {
        let variantID: VariantID
        let isForSale: Bool
        let startsAt: Date?
        let quantities: ClosedRange<Int>
        /// The house's own currency first.
        let prices: [Money]
    }

    /// What the catalogue says of variants, in one statement; unknown ones are absent.
    func tags(
        of variants: [VariantID], at now: Date, in transaction: Transaction
    ) throws -> [VariantID: Tag] {
        let rows = try transaction.rows(
            """
            SELECT v.id, v.is_active, v.starts_at, v.ends_at, v.quantity_min, v.quantity_max,
                p.status, c.currency, c.amount
            FROM variants v JOIN products p ON p.id = v.product_id
                LEFT JOIN variant_prices c ON c.variant_id = v.id
            WHERE v.id \(among: variants) ORDER BY v.id, c.place
            """)
        return try Dictionary(grouping: rows) { try $0.get("id", as: VariantID.self) }
            .compactMapValues { rows in
                guard let row = rows.first else { return nil }
                let least: Int = try row.get("quantity_min")
                return Tag(
                    variantID: try row.get("id"),
                    isForSale: try row.isForSale(at: now),
                    startsAt: try row.get("starts_at"),
                    quantities: least...max(least, try row.get("quantity_max")),
                    prices: try rows.compactMap { row in
                        guard let currency = try row.get("currency", as: Currency?.self) else {
                            return nil
                        }
                        return Money(amount: try row.get("amount"), currency: currency)
                    })
            }
    }

    func insert(_ quote: Quote, in transaction: Transaction) throws {
        try transaction.execute(
            """
            INSERT INTO quotes (id, user_id, items, total, currency, expires_at, created_at)
            VALUES (\(quote.id), \(quote.userID),
                \(JSON(try FlotillaJSON.encode(quote.items))), \(quote.total.amount),
                \(quote.total.currency), \(quote.expiresAt), \(quote.createdAt))
            """)
    }

    func find(_ id: QuoteID, in transaction: Transaction) throws -> Quote? {
        try transaction.first("SELECT * FROM quotes WHERE id = \(id)").map { row in
            Quote(
                id: try row.get("id"), userID: try row.get("user_id"),
                items: try FlotillaJSON.decode(
                    [Quote.Item].self, from: try row.get("items")),
                total: Money(amount: try row.get("total"), currency: try row.get("currency")),
                expiresAt: try row.get("expires_at"), createdAt: try row.get("created_at"))
        }
    }

    /// Every new quote takes up to two away that ended before `end`, so the table follows the rate
    /// of requests without a job of its own.
    func purgeSome(endedBefore end: Date, in transaction: Transaction) throws {
        try transaction.execute(
            """
            DELETE FROM quotes WHERE id IN (
                SELECT id FROM quotes WHERE expires_at < \(end) ORDER BY expires_at LIMIT 2
                \(only: .postgresql, "FOR UPDATE SKIP LOCKED"))
            """)
    }
}
