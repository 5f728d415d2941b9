import Events
import Foundation
import Storage

/// What could be recommended to a user, and why, from the rows of the catalogue and of the stock.
///
/// Each question is answered with a bounded number of rows, however large the catalogue is.
struct RecommendationStore: Sendable {
    /// Twice what one answer may have: a product may be found in several ways.
    private static let candidateCountMax = 200

    /// The best products by the user's words, with a reason for each word that fits.
    func byTaste(
        of user: UserID, at now: Date, in transaction: Transaction
    ) throws -> [(product: ProductID, reason: Reason)] {
        try transaction.rows(
            """
            WITH fits AS (\(Self.fits(of: user))),
            best AS (
                SELECT f.product_id, SUM(f.weight) AS total FROM fits f
                JOIN products p ON p.id = f.product_id
                WHERE \(Self.isRecommendable(to: user, at: now))
                GROUP BY f.product_id
                ORDER BY total DESC, f.product_id LIMIT \(Self.candidateCountMax)
            )
            SELECT f.product_id, f.word, f.weight FROM fits f
            JOIN best b ON b.product_id = f.product_id
            ORDER BY f.product_id, f.word
            """
        ).map { row in
            (
                try row.get("product_id"),
                .preference(try row.get("word"), weight: try row.get("weight"))
            )
        }
    }

    /// Words with products that they fit: by category, by attribute, by name, in this order.
    private static func fits(of user: UserID) -> SQL {
        """
        SELECT product_id, word, MAX(weight) AS weight FROM (
            SELECT pc.product_id, t.word, 30 AS weight FROM tastes t
            JOIN categories c ON c.slug = t.word OR lower(c.name) = t.word
            JOIN product_categories pc ON pc.category_id = c.id
            WHERE t.user_id = \(user)
            UNION ALL
            SELECT pa.product_id, t.word, 20 FROM tastes t
            JOIN product_attributes pa ON lower(pa.text_value) = t.word
                OR (pa.type = 'boolean' AND pa.number_value = 1 AND lower(pa.name) = t.word)
            WHERE t.user_id = \(user)
            UNION ALL
            SELECT p.id, t.word, 10 FROM tastes t
            JOIN products p ON ' ' || lower(p.name) || ' ' LIKE '% ' || t.word || ' %'
            WHERE t.user_id = \(user)
        ) AS ways
        GROUP BY product_id, word
        """
    }

    /// What was booked most often together with what the user booked.
    func byPurchases(
        of user: UserID, at now: Date, in transaction: Transaction
    ) throws -> [(product: ProductID, reason: Reason)] {
        try transaction.rows(
            """
            SELECT pp.other_id, booked.name, pp.order_count FROM purchases own
            JOIN product_pairs pp ON pp.product_id = own.product_id
            JOIN products booked ON booked.id = own.product_id
            JOIN products p ON p.id = pp.other_id
            WHERE own.user_id = \(user) AND \(Self.isRecommendable(to: user, at: now))
            ORDER BY pp.order_count DESC, pp.other_id, own.product_id
            LIMIT \(Self.candidateCountMax)
            """
        ).map { row in
            (
                try row.get("other_id"),
                .boughtTogether(
                    with: try row.get("name"), orderCount: try row.get("order_count"))
            )
        }
    }

    /// What was booked most often by anybody, and beside it whatever of `products` was booked.
    func byPopularity(
        for user: UserID, among products: [ProductID], at now: Date, in transaction: Transaction
    ) throws -> [(product: ProductID, reason: Reason)] {
        try transaction.rows(
            """
            SELECT product_id, order_count FROM (
                SELECT pb.product_id, pb.order_count FROM product_bookings pb
                JOIN products p ON p.id = pb.product_id
                WHERE \(Self.isRecommendable(to: user, at: now))
                ORDER BY pb.order_count DESC, pb.product_id LIMIT \(Self.candidateCountMax)
            ) AS most
            UNION
            SELECT product_id, order_count FROM product_bookings
            WHERE product_id \(among: products)
            """
        ).map { row in
            (try row.get("product_id"), .popular(orderCount: try row.get("order_count")))
        }
    }

    /// These products and the newest ones.
    func products(
        _ ids: [ProductID], andNewestFor user: UserID, limit: Int, at now: Date,
        in transaction: Transaction
    ) throws -> [RecommendableProduct] {
        try transaction.rows(
            """
            SELECT id, name, kind, created_at FROM products
            WHERE id \(among: ids)
            UNION
            SELECT id, name, kind, created_at FROM (
                SELECT p.id, p.name, p.kind, p.created_at FROM products p
                WHERE \(Self.isRecommendable(to: user, at: now))
                ORDER BY p.created_at DESC, p.id LIMIT \(limit)
            ) AS newest
            """
        ).map { row in
            RecommendableProduct(
                id: try row.get("id"), name: try row.get("name"), kind: try row.get("kind"),
                createdAt: try row.get("created_at"))
        }
    }

    /// The lowest price of each product that can be had, in the first currency of its first
    /// variant that can.
    func prices(
        of products: [ProductID], at now: Date, in transaction: Transaction
    ) throws -> [ProductID: Money] {
        let rows = try transaction.rows(
            """
            SELECT v.product_id, vp.currency, vp.amount FROM variants v
            JOIN stock_levels s ON s.variant_id = v.id
            JOIN variant_prices vp ON vp.variant_id = v.id
            WHERE v.product_id \(among: products)
                AND \(Self.isAvailable(at: now))
            ORDER BY v.product_id, v.place, vp.place
            """)
        var prices: [ProductID: Money] = [:]
        for row in rows {
            let product: ProductID = try row.get("product_id")
            let price = Money(amount: try row.get("amount"), currency: try row.get("currency"))
            if let lowest = prices[product], !price.isLess(than: lowest) { continue }
            prices[product] = price
        }
        return prices
    }

    /// Of a product `p`: everybody may book it, there is something of it, and the user has not.
    private static func isRecommendable(to user: UserID, at now: Date) -> SQL {
        """
        p.status = 'active'
            AND NOT EXISTS (
                SELECT 1 FROM purchases u WHERE u.user_id = \(user) AND u.product_id = p.id)
            AND EXISTS (
                SELECT 1 FROM variants v JOIN stock_levels s ON s.variant_id = v.id
                WHERE v.product_id = p.id AND \(isAvailable(at: now)))
        """
    }

    /// Of a variant `v` with its stock `s`. Holds that are over count until they are tidied: what
    /// is recommended had better be there.
    private static func isAvailable(at now: Date) -> SQL {
        """
        v.is_active \(only: .sqlite, "= 1") AND (v.starts_at IS NULL OR v.starts_at > \(now))
            AND s.on_hand + s.on_hand * s.overbooking_percent / 100 > s.allocated + s.reserved
        """
    }
}
