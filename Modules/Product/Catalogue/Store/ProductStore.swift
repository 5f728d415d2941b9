import Events
import Foundation
import Storage
import Web

/// Products as rows.
struct ProductStore: Sendable {
    let prices = PriceStore()

    /// One product; `nil` when there is none, or it was deleted.
    func find(_ id: ProductID, at now: Date, in transaction: Transaction) throws -> Product? {
        try load([id], at: now, in: transaction).first
    }

    /// Products in the order of their ids as given, without those that are not there.
    func load(
        _ ids: [ProductID], at now: Date, in transaction: Transaction
    ) throws -> [Product] {
        guard !ids.isEmpty else { return [] }
        let rows = try transaction.rows(
            """
            SELECT id, kind, status, name, description, import_key, version, created_at, updated_at
            FROM products WHERE status <> 'deleted' AND id \(among: ids)
            """)
        let details = ProductDetails(
            texts: try texts(of: ids, in: transaction),
            categories: try categories(of: ids, in: transaction),
            attributes: try attributes(of: ids, in: transaction),
            variants: try variants(of: ids, at: now, in: transaction))
        let products = try rows.map { try product($0, details) }
        let byID = Dictionary(uniqueKeysWithValues: products.map { ($0.id, $0) })
        return ids.compactMap { byID[$0] }
    }

    /// Whose the SKUs are that are taken, those of deleted products included.
    func owners(
        ofSKUs skus: [String], in transaction: Transaction
    ) throws -> [String: VariantID] {
        guard !skus.isEmpty else { return [:] }
        let rows = try transaction.rows(
            "SELECT sku, id FROM variants WHERE sku \(among: skus)")
        return try rows.reduce(into: [:]) { $0[try $1.get("sku")] = try $1.get("id") }
    }

    /// The ids of categories by their slugs; without those that are none.
    func categoryIDs(
        of slugs: [String], in transaction: Transaction
    ) throws -> [String: CategoryID] {
        guard !slugs.isEmpty else { return [:] }
        let rows = try transaction.rows(
            "SELECT slug, id FROM categories WHERE slug \(among: slugs)")
        return try rows.reduce(into: [:]) { $0[try $1.get("slug")] = try $1.get("id") }
    }

    private func product(_ row: Row, _ details: ProductDetails) throws -> Product {
        let id: ProductID = try row.get("id")
        return Product(
            id: id,
            facts: ProductFacts(
                kind: try row.get("kind"), status: try row.get("status"),
                name: try row.get("name"), description: try row.get("description"),
                categories: details.categories[id] ?? [],
                attributes: details.attributes[id] ?? [:], texts: details.texts[id] ?? [:]),
            variants: details.variants[id] ?? [], importKey: try row.get("import_key"),
            version: try row.get("version"), createdAt: try row.get("created_at"),
            updatedAt: try row.get("updated_at"))
    }

    private func texts(
        of ids: [ProductID], in transaction: Transaction
    ) throws -> [ProductID: [LanguageTag: ProductText]] {
        let rows = try transaction.rows(
            """
            SELECT product_id, locale, name, description FROM product_texts
            WHERE product_id \(among: ids)
            """)
        return try rows.reduce(into: [:]) { texts, row in
            guard let tag = LanguageTag(try row.get("locale")) else { return }
            texts[try row.get("product_id"), default: [:]][tag] = ProductText(
                name: try row.get("name"), description: try row.get("description"))
        }
    }

    private func categories(
        of ids: [ProductID], in transaction: Transaction
    ) throws -> [ProductID: [String]] {
        let rows = try transaction.rows(
            """
            SELECT pc.product_id, c.slug FROM product_categories pc
            JOIN categories c ON c.id = pc.category_id
            WHERE pc.product_id \(among: ids)
            """)
        let slugs: [ProductID: [String]] = try rows.reduce(into: [:]) {
            $0[try $1.get("product_id"), default: []].append(try $1.get("slug"))
        }
        return slugs.mapValues { $0.sorted() }
    }

    private func attributes(
        of ids: [ProductID], in transaction: Transaction
    ) throws -> [ProductID: [String: AttributeValue]] {
        let rows = try transaction.rows(
            """
            SELECT product_id, name, type, text_value, number_value FROM product_attributes
            WHERE product_id \(among: ids)
            """)
        return try rows.reduce(into: [:]) { attributes, row in
            let value: AttributeValue =
                switch try row.get("type", as: String.self) {
                case "text": .text(try row.get("text_value"))
                case "boolean": .boolean(try row.get("number_value", as: Int64.self) != 0)
                default: .number(try row.get("number_value"))
                }
            attributes[try row.get("product_id"), default: [:]][try row.get("name")] = value
        }
    }

    private func variants(
        of ids: [ProductID], at now: Date, in transaction: Transaction
    ) throws -> [ProductID: [Variant]] {
        let rows = try transaction.rows(
            """
            SELECT v.id, v.product_id, v.sku, v.name, v.is_active, v.room_class, v.starts_at,
                v.ends_at, v.quantity_min, v.quantity_max, s.on_hand, s.overbooking_percent,
                s.customer_max, CAST(\(Self.available(at: now)) AS BIGINT) AS available
            FROM variants v LEFT JOIN stock_levels s ON s.variant_id = v.id
            WHERE v.product_id \(among: ids) ORDER BY v.product_id, v.place, v.id
            """)
        let variantIDs = try rows.map { try $0.get("id", as: VariantID.self) }
        let prices = try prices.current(of: variantIDs, in: transaction)
        let ruled = try PricingStore().pricedByRules(of: variantIDs, in: transaction)
        return try rows.reduce(into: [:]) { variants, row in
            let id: VariantID = try row.get("id")
            variants[try row.get("product_id"), default: []].append(
                try variant(row, prices: prices[id] ?? [], isPricedByRules: ruled.contains(id)))
        }
    }

    private func variant(
        _ row: Row, prices: [Money], isPricedByRules: Bool
    ) throws -> Variant {
        Variant(
            id: try row.get("id"),
            facts: VariantFacts(
                sku: try row.get("sku"), name: try row.get("name"),
                isActive: try row.get("is_active"), roomClass: try row.get("room_class"),
                startsAt: try row.get("starts_at"), endsAt: try row.get("ends_at"),
                quantityMin: try row.get("quantity_min"),
                quantityMax: try row.get("quantity_max"), prices: prices),
            isPricedByRules: isPricedByRules,
            stock: VariantStock(
                onHand: try row.get("on_hand", as: Int?.self) ?? 0,
                available: max(0, try row.get("available", as: Int?.self) ?? 0),
                overbookingPercent: try row.get("overbooking_percent", as: Int?.self) ?? 0,
                customerMax: try row.get("customer_max")))
    }
}

/// What rows beside a product's own tell of it.
private struct ProductDetails {
    let texts: [ProductID: [LanguageTag: ProductText]]
    let categories: [ProductID: [String]]
    let attributes: [ProductID: [String: AttributeValue]]
    let variants: [ProductID: [Variant]]
}
