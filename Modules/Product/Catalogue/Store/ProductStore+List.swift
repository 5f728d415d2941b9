import Events
import Foundation
import Storage
import Web

extension ProductStore {
    /// The products of a page, newest first, one more than it has room for.
    ///
    /// So many statements as for one product, whatever the page's length.
    func list(
        _ filter: ProductFilter, page: PageRequest, at now: Date, in transaction: Transaction
    ) throws -> [Product] {
        var sql: SQL = """
            SELECT p.id FROM products p
            WHERE p.status \(among: filter.statuses.map(\.rawValue))
            """
        if let kind = filter.kind { sql = sql + " AND p.kind = \(kind)" }
        if let text = filter.text {
            sql = sql + " AND p.search_text LIKE \(Self.pattern(text)) ESCAPE '\\'"
        }
        if let slug = filter.category { sql = sql + Self.isIn(category: slug) }
        for (name, value) in filter.attributes.sorted(by: { $0.key < $1.key }) {
            sql = sql + Self.has(attribute: name, value)
        }
        if filter.currency != nil || filter.isAvailable {
            sql = sql + Self.hasVariant(filter, at: now)
        }
        if let after = page.after {
            sql = sql + " AND (p.created_at, p.id) < (\(after.time), \(after.id))"
        }
        sql = sql + " ORDER BY p.created_at DESC, p.id DESC LIMIT \(page.limit + 1)"
        let ids = try transaction.rows(sql).map { try $0.get("id", as: ProductID.self) }
        return try load(ids, at: now, in: transaction)
    }

    /// Whether there is a category of a slug.
    func hasCategory(_ slug: String, in transaction: Transaction) throws -> Bool {
        try transaction.first("SELECT 1 AS one FROM categories WHERE slug = \(slug)") != nil
    }

    /// What a search compares: names in lower case, composed alike.
    static func searchable(_ text: String) -> String {
        text.precomposedStringWithCanonicalMapping.lowercased()
    }

    private static func pattern(_ text: String) -> String {
        let escaped = searchable(text).replacing("\\", with: "\\\\")
            .replacing("%", with: "\\%").replacing("_", with: "\\_")
        return "%\(escaped)%"
    }

    private static func isIn(category slug: String) -> SQL {
        """
         AND p.id IN (
            SELECT product_id FROM product_categories WHERE category_id IN (
                WITH RECURSIVE branch (id) AS (
                    SELECT id FROM categories WHERE slug = \(slug)
                    UNION
                    SELECT c.id FROM categories c JOIN branch ON c.parent_id = branch.id)
                SELECT id FROM branch))
        """
    }

    /// Texts as they are, numbers by value, truth values by their words.
    private static func has(attribute name: String, _ value: String) -> SQL {
        var sql: SQL = """
             AND EXISTS (
                SELECT 1 FROM product_attributes a WHERE a.product_id = p.id AND a.name = \(name)
                AND (a.type = 'text' AND a.text_value = \(value)
            """
        if let number = Int64(value) {
            sql = sql + " OR a.type = 'number' AND a.number_value = \(number)"
        }
        if let boolean = ["true": 1, "false": 0][value] {
            sql = sql + " OR a.type = 'boolean' AND a.number_value = \(boolean)"
        }
        return sql + "))"
    }

    /// One variant must have all of it: a price in the range, and pieces that can be had.
    private static func hasVariant(_ filter: ProductFilter, at now: Date) -> SQL {
        var sql: SQL = """
             AND EXISTS (SELECT 1 FROM variants v
                LEFT JOIN stock_levels s ON s.variant_id = v.id
                WHERE v.product_id = p.id AND v.is_active
            """
        if let currency = filter.currency {
            sql =
                sql + """
                     AND EXISTS (SELECT 1 FROM variant_prices c
                        WHERE c.variant_id = v.id AND c.currency = \(currency.rawValue)
                        AND c.amount BETWEEN \(filter.priceMin ?? 1)
                            AND \(filter.priceMax ?? .max))
                    """
        }
        if filter.isAvailable {
            sql =
                sql + " AND \(available(at: now)) > 0"
                + " AND (v.starts_at IS NULL OR v.starts_at > \(now))"
        }
        return sql + ")"
    }

    /// Pieces of the level `s` that can be had: what overdue holds have, nobody has.
    static func available(at now: Date) -> SQL {
        """
        (s.on_hand + s.on_hand * s.overbooking_percent / 100 - s.allocated - s.reserved
            + COALESCE((SELECT SUM(l.quantity) FROM stock_hold_lines l
                WHERE l.variant_id = s.variant_id AND l.state = 'held'
                AND l.expires_at <= \(now)), 0))
        """
    }
}
