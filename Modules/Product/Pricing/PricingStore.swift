import Events
import Foundation
import Storage
import Web

/// Rules as rows, and what they are for.
struct PricingStore: Sendable {
    /// More rules than anybody keeps in their head; each quote looks at all that are for it.
    static let ruleCountMax = 1_000

    /// The categories that products are in, and those above them, for ``covers(_:)``.
    private static func filed(_ products: SQL) -> SQL {
        """
        WITH RECURSIVE filed (product_id, category_id) AS (
            SELECT product_id, category_id FROM product_categories
            WHERE product_id IN (\(products))
            UNION
            SELECT f.product_id, c.parent_id FROM filed f JOIN categories c
                ON c.id = f.category_id WHERE c.parent_id IS NOT NULL)
        """
    }

    /// Whether the rule `r` is for the product whose id the column gives; one of ``filed(_:)``.
    private static func covers(_ product: SQL) -> SQL {
        """
        (r.scope = 'all' OR (r.scope = 'product' AND r.product_id = \(product))
            OR (r.scope = 'category' AND EXISTS (
                SELECT 1 FROM filed f JOIN categories c ON c.id = f.category_id
                WHERE f.product_id = \(product) AND c.slug = r.category)))
        """
    }

    private static func products(of variants: [VariantID]) -> SQL {
        "SELECT product_id FROM variants WHERE id \(among: variants)"
    }

    /// Those of the variants whose price rules make, in one statement.
    func pricedByRules(
        of variants: [VariantID], in transaction: Transaction
    ) throws -> Set<VariantID> {
        Set(
            try transaction.rows(
                """
                \(Self.filed(Self.products(of: variants)))
                SELECT v.id FROM variants v
                WHERE v.id \(among: variants) AND EXISTS (
                    SELECT 1 FROM pricing_rules r
                    WHERE r.is_active AND \(Self.covers("v.product_id")))
                """
            ).map { try $0.get("id") })
    }

    /// The products that a rule is for, whether it is active or not.
    func productsCovered(
        by rule: PricingRule, in transaction: Transaction
    ) throws -> [ProductID] {
        let condition: SQL =
            switch rule.terms.scope {
            case .all: "1 = 1"
            case .product(let id): "p.id = \(id)"
            case .category(let slug):
                """
                p.id IN (
                    SELECT product_id FROM product_categories WHERE category_id IN (
                        WITH RECURSIVE branch (id) AS (
                            SELECT id FROM categories WHERE slug = \(slug)
                            UNION
                            SELECT c.id FROM categories c JOIN branch b ON c.parent_id = b.id)
                        SELECT id FROM branch))
                """
            }
        return try transaction.rows(
            "SELECT p.id FROM products p WHERE p.status <> 'deleted' AND \(condition) ORDER BY p.id"
        ).map { try $0.get("id") }
    }

    /// Those of the products that any active rule is for.
    func ruled(
        among products: Set<ProductID>, in transaction: Transaction
    ) throws -> Set<ProductID> {
        let ids = Array(products)
        let rows = try transaction.rows(
            """
            \(Self.filed("SELECT id FROM products WHERE id \(among: ids)"))
            SELECT p.id FROM products p WHERE p.id \(among: ids) AND EXISTS (
                SELECT 1 FROM pricing_rules r WHERE r.is_active AND \(Self.covers("p.id")))
            """)
        return Set(try rows.map { try $0.get("id") })
    }

    /// The active rules of each variant, in one statement.
    func rules(
        of variants: [VariantID], in transaction: Transaction
    ) throws -> [VariantID: [PricingRule]] {
        let rows = try transaction.rows(
            """
            \(Self.filed(Self.products(of: variants)))
            SELECT v.id AS variant_id, r.* FROM variants v JOIN pricing_rules r
                ON r.is_active AND \(Self.covers("v.product_id"))
            WHERE v.id \(among: variants)
            """)
        return Dictionary(
            grouping: try rows.map { (try $0.get("variant_id", as: VariantID.self), try rule($0)) },
            by: \.0
        ).mapValues { $0.map(\.1) }
    }

    func find(_ id: PricingRuleID, in transaction: Transaction) throws -> PricingRule? {
        try transaction.first("SELECT * FROM pricing_rules WHERE id = \(id)").map(rule)
    }

    func count(in transaction: Transaction) throws -> Int {
        try transaction.first("SELECT COUNT(*) AS rules FROM pricing_rules")?.get("rules") ?? 0
    }

    /// Rules, newest first, one more than the page has room for.
    func list(_ page: PageRequest, in transaction: Transaction) throws -> [PricingRule] {
        var sql: SQL = "SELECT * FROM pricing_rules"
        if let after = page.after {
            sql = sql + " WHERE (created_at, id) < (\(after.time), \(after.id))"
        }
        sql = sql + " ORDER BY created_at DESC, id DESC LIMIT \(page.limit + 1)"
        return try transaction.rows(sql).map(rule)
    }

    func insert(_ rule: PricingRule, in transaction: Transaction) throws {
        let columns = Columns(rule.terms)
        try transaction.execute(
            """
            INSERT INTO pricing_rules (
                id, name, scope, product_id, category, kind, range_from, range_to, permille,
                amount, currency, priority, is_active, version, created_at, updated_at)
            VALUES (\(rule.id), \(rule.terms.name), \(columns.scope), \(columns.product),
                \(columns.category), \(rule.terms.condition.kind.rawValue),
                \(rule.terms.condition.from), \(rule.terms.condition.to), \(columns.permille),
                \(columns.amount?.amount), \(columns.amount?.currency), \(rule.terms.priority),
                \(rule.terms.isActive), \(rule.version), \(rule.createdAt), \(rule.updatedAt))
            """)
    }

    /// Stores a changed rule; `false` when somebody was faster.
    func update(_ rule: PricingRule, in transaction: Transaction) throws -> Bool {
        let columns = Columns(rule.terms)
        return try transaction.rowsChanged(
            by: """
                UPDATE pricing_rules SET name = \(rule.terms.name), scope = \(columns.scope),
                    product_id = \(columns.product), category = \(columns.category),
                    kind = \(rule.terms.condition.kind.rawValue),
                    range_from = \(rule.terms.condition.from),
                    range_to = \(rule.terms.condition.to), permille = \(columns.permille),
                    amount = \(columns.amount?.amount), currency = \(columns.amount?.currency),
                    priority = \(rule.terms.priority), is_active = \(rule.terms.isActive),
                    version = \(rule.version), updated_at = \(rule.updatedAt)
                WHERE id = \(rule.id) AND version = \(rule.version - 1)
                """) == 1
    }

    /// Takes a rule away; `false` when somebody was faster.
    func delete(_ rule: PricingRule, in transaction: Transaction) throws -> Bool {
        try transaction.rowsChanged(
            by: """
                DELETE FROM pricing_rules WHERE id = \(rule.id) AND version = \(rule.version)
                """) == 1
    }

    private func rule(_ row: Row) throws -> PricingRule {
        guard let kind = PricingRule.Kind(rawValue: try row.get("kind")) else {
            preconditionFailure("the schema knows no other kind of rule")
        }
        let adjustment: PricingRule.Adjustment
        if let permille: Int = try row.get("permille", as: Int?.self) {
            adjustment = .permille(permille)
        } else {
            adjustment = .amount(
                Money(amount: try row.get("amount"), currency: try row.get("currency")))
        }
        return PricingRule(
            id: try row.get("id"),
            terms: .init(
                name: try row.get("name"), scope: try scope(row),
                condition: .init(
                    kind: kind, from: try row.get("range_from"), to: try row.get("range_to")),
                adjustment: adjustment, priority: try row.get("priority"),
                isActive: try row.get("is_active")),
            version: try row.get("version"), createdAt: try row.get("created_at"),
            updatedAt: try row.get("updated_at"))
    }

    private func scope(_ row: Row) throws -> PricingRule.Scope {
        switch try row.get("scope", as: String.self) {
        case "product": .product(try row.get("product_id"))
        case "category": .category(try row.get("category"))
        default: .all
        }
    }
}

/// What the columns have that stand for one of several cases.
private struct Columns {
    let scope: String
    var product: ProductID?
    var category: String?
    var permille: Int?
    var amount: Money?

    init(_ terms: PricingRule.Terms) {
        switch terms.scope {
        case .all: scope = "all"
        case .product(let id): (scope, product) = ("product", id)
        case .category(let slug): (scope, category) = ("category", slug)
        }
        switch terms.adjustment {
        case .permille(let value): permille = value
        case .amount(let money): amount = money
        }
    }
}
