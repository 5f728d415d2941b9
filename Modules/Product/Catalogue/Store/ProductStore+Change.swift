import Events
import Foundation
import Storage

extension ProductStore {
    /// Inserts a product with all that belongs to it, but for stock.
    ///
    /// - Throws: ``CatalogueError/skuTaken(_:)``; `StorageError`.
    func insert(
        _ product: Product, categories: [String: CategoryID], in transaction: Transaction
    ) throws {
        let facts = product.facts
        try transaction.execute(
            """
            INSERT INTO products (id, kind, status, name, description, search_text, import_key,
                version, created_at, updated_at)
            VALUES (\(product.id), \(facts.kind), \(facts.status), \(facts.name),
                    \(facts.description), \(Self.searchText(facts)), \(product.importKey),
                    \(product.version), \(product.createdAt), \(product.updatedAt))
            """)
        try insertDetails(of: product, categories: categories, in: transaction)
        for (place, variant) in product.variants.enumerated() {
            try insert(variant, at: place, of: product, in: transaction)
        }
    }

    /// Stores a changed product, but for stock.
    ///
    /// - Returns: whether it was still the version that was changed.
    /// - Throws: ``CatalogueError/skuTaken(_:)``; `StorageError`.
    func update(
        _ product: Product, from old: Product, categories: [String: CategoryID],
        in transaction: Transaction
    ) throws -> Bool {
        let facts = product.facts
        let count = try transaction.rowsChanged(
            by: """
                UPDATE products SET kind = \(facts.kind), status = \(facts.status),
                    name = \(facts.name), description = \(facts.description),
                    search_text = \(Self.searchText(facts)), version = \(product.version),
                    updated_at = \(product.updatedAt)
                WHERE id = \(product.id) AND version = \(old.version) AND status <> 'deleted'
                """)
        guard count == 1 else { return false }
        if facts.texts != old.facts.texts || facts.categories != old.facts.categories
            || facts.attributes != old.facts.attributes
        {
            try deleteDetails(of: product.id, in: transaction)
            try insertDetails(of: product, categories: categories, in: transaction)
        }
        let before = Dictionary(
            uniqueKeysWithValues: old.variants.enumerated().map { ($1.id, ($0, $1)) })
        for (place, variant) in product.variants.enumerated() {
            guard let (oldPlace, oldVariant) = before[variant.id] else {
                try insert(variant, at: place, of: product, in: transaction)
                continue
            }
            guard place != oldPlace || variant.facts != oldVariant.facts else { continue }
            try update(variant, from: oldVariant, at: place, of: product, in: transaction)
        }
        return true
    }

    /// Marks a product as deleted.
    ///
    /// - Returns: whether it was still that version.
    func delete(
        _ product: Product, at now: Date, in transaction: Transaction
    ) throws -> Bool {
        try transaction.rowsChanged(
            by: """
                UPDATE products SET status = 'deleted', version = \(product.version + 1),
                    updated_at = \(now)
                WHERE id = \(product.id) AND version = \(product.version)
                    AND status <> 'deleted'
                """) == 1
    }

    /// Counts a product's version up, when something beside the catalogue changed it.
    func touch(_ product: Product, at now: Date, in transaction: Transaction) throws {
        try transaction.execute(
            """
            UPDATE products SET version = \(product.version), updated_at = \(now)
            WHERE id = \(product.id)
            """)
    }

    private static func searchText(_ facts: ProductFacts) -> String {
        ([facts.name] + facts.texts.sorted { $0.key < $1.key }.map(\.value.name))
            .map(searchable).joined(separator: "\n")
    }

    private func deleteDetails(of id: ProductID, in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM product_texts WHERE product_id = \(id)")
        try transaction.execute("DELETE FROM product_categories WHERE product_id = \(id)")
        try transaction.execute("DELETE FROM product_attributes WHERE product_id = \(id)")
    }

    private func insertDetails(
        of product: Product, categories: [String: CategoryID], in transaction: Transaction
    ) throws {
        for (tag, text) in product.facts.texts {
            try transaction.execute(
                """
                INSERT INTO product_texts (product_id, locale, name, description)
                VALUES (\(product.id), \(tag.description), \(text.name), \(text.description))
                """)
        }
        for category in product.facts.categories.compactMap({ categories[$0] }) {
            try transaction.execute(
                """
                INSERT INTO product_categories (product_id, category_id)
                VALUES (\(product.id), \(category))
                """)
        }
        for (name, value) in product.facts.attributes {
            let columns = value.columns
            try transaction.execute(
                """
                INSERT INTO product_attributes (product_id, name, type, text_value, number_value)
                VALUES (\(product.id), \(name), \(columns.type), \(columns.text),
                        \(columns.number))
                """)
        }
    }

    private func insert(
        _ variant: Variant, at place: Int, of product: Product, in transaction: Transaction
    ) throws {
        let facts = variant.facts
        try takingSKU(facts.sku) {
            // Counted, so that the outcome is known here and not with a later statement.
            _ = try transaction.rowsChanged(
                by: """
                    INSERT INTO variants (id, product_id, place, sku, name, is_active, room_class,
                        starts_at, ends_at, quantity_min, quantity_max)
                    VALUES (\(variant.id), \(product.id), \(place), \(facts.sku), \(facts.name),
                            \(facts.isActive), \(facts.roomClass), \(facts.startsAt),
                            \(facts.endsAt), \(facts.quantityMin), \(facts.quantityMax))
                    """)
        }
        try prices.replace(
            [], by: facts.prices, of: variant.id, at: product.updatedAt, in: transaction)
    }

    private func update(
        _ variant: Variant, from old: Variant, at place: Int, of product: Product,
        in transaction: Transaction
    ) throws {
        let facts = variant.facts
        try takingSKU(facts.sku) {
            _ = try transaction.rowsChanged(
                by: """
                    UPDATE variants SET place = \(place), sku = \(facts.sku), name = \(facts.name),
                        is_active = \(facts.isActive), room_class = \(facts.roomClass),
                        starts_at = \(facts.startsAt), ends_at = \(facts.endsAt),
                        quantity_min = \(facts.quantityMin), quantity_max = \(facts.quantityMax)
                    WHERE id = \(variant.id)
                    """)
        }
        if facts.sku != old.facts.sku {
            try stock.rename(variant.id, to: facts.sku, in: transaction)
        }
        try prices.replace(
            old.facts.prices, by: facts.prices, of: variant.id, at: product.updatedAt,
            in: transaction)
    }

    private func takingSKU(_ sku: String, _ body: () throws -> Void) throws {
        do {
            try body()
        } catch let error as StorageError where error.kind == .uniqueViolation {
            throw CatalogueError.skuTaken(sku)
        }
    }
}

extension AttributeValue {
    /// As one row has it.
    fileprivate var columns: (type: String, text: String?, number: Int64?) {
        switch self {
        case .text(let text): ("text", text, nil)
        case .number(let number): ("number", nil, number)
        case .boolean(let boolean): ("boolean", nil, boolean ? 1 : 0)
        }
    }
}
