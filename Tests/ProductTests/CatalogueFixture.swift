import Events
import FlotillaTesting
import Foundation
import Product
import Storage

/// A product as rows, for tests of what reads the catalogue and does not write it.
struct CatalogueFixture: Sendable {
    var id = ProductID()
    var variantID = VariantID()
    var name = "Beach house"
    var kind = "package"
    var status = "active"
    var categories: [String] = []
    var attributes: [String: String] = [:]
    var isVariantActive = true
    /// Minor units; `nil` for a variant without a price.
    var euros: Int64? = 1_999
    var onHand = 10
    var createdAt = TestTime().now
}

extension ModuleHarness where M == ProductModule {
    /// Puts products into the tables, with their categories and their stock.
    func insert(_ products: CatalogueFixture...) async throws { try await insert(products) }

    func insert(_ products: [CatalogueFixture]) async throws {
        try await database.write { transaction in
            for product in products { try product.insert(in: transaction) }
        }
    }
}

extension CatalogueFixture {
    fileprivate func insert(in transaction: Transaction) throws {
        try transaction.execute(
            """
            INSERT INTO products
                (id, kind, status, name, description, version, created_at, updated_at)
            VALUES (\(id), \(kind), \(status), \(name), '', 1, \(createdAt), \(createdAt))
            """)
        try insertVariant(in: transaction)
        for (name, value) in attributes {
            try transaction.execute(
                """
                INSERT INTO product_attributes (product_id, name, type, text_value)
                VALUES (\(id), \(name), 'text', \(value))
                """)
        }
        for slug in categories {
            try transaction.execute(
                """
                INSERT INTO categories (id, slug, name, version, created_at)
                VALUES (\(UUID()), \(slug), \(slug), 1, \(createdAt))
                ON CONFLICT (slug) DO NOTHING
                """)
            try transaction.execute(
                """
                INSERT INTO product_categories (product_id, category_id)
                SELECT \(id), id FROM categories WHERE slug = \(slug)
                """)
        }
    }

    private func insertVariant(in transaction: Transaction) throws {
        try transaction.execute(
            """
            INSERT INTO variants
                (id, product_id, place, sku, name, is_active, quantity_min, quantity_max)
            VALUES (\(variantID), \(id), 0, \(variantID.description), \(name),
                    \(isVariantActive), 1, 999)
            """)
        if let euros {
            try transaction.execute(
                """
                INSERT INTO variant_prices (variant_id, currency, place, amount)
                VALUES (\(variantID), 'EUR', 0, \(euros))
                """)
        }
        try transaction.execute(
            """
            INSERT INTO stock_levels
                (variant_id, product_id, sku, on_hand, allocated, reserved, overbooking_percent,
                 is_out, version, updated_at)
            VALUES (\(variantID), \(id), \(variantID.description), \(onHand), 0, 0, 0,
                    \(onHand == 0), 1, \(createdAt))
            """)
    }
}
