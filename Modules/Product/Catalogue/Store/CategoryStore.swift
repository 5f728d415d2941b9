import Events
import Foundation
import Storage

/// Categories as rows.
struct CategoryStore: Sendable {
    private static let columns: SQL = "id, parent_id, slug, name, version, created_at"

    /// All, by slug.
    func list(in transaction: Transaction) throws -> [Category] {
        try transaction.rows(
            """
            SELECT \(Self.columns) FROM categories ORDER BY slug LIMIT \(Category.countMax)
            """
        ).map(category)
    }

    /// All, while nobody else changes the tree.
    func lock(in transaction: Transaction) throws -> [Category] {
        try transaction.rows(
            """
            SELECT \(Self.columns) FROM categories ORDER BY id LIMIT \(Category.countMax)
            \(only: .postgresql, "FOR NO KEY UPDATE")
            """
        ).map(category)
    }

    /// - Throws: ``CatalogueError/slugTaken``.
    func insert(_ category: Category, in transaction: Transaction) throws {
        do {
            _ = try transaction.rowsChanged(
                by: """
                    INSERT INTO categories (\(Self.columns))
                    VALUES (\(category.id), \(category.parentId), \(category.slug),
                            \(category.name), \(category.version), \(category.createdAt))
                    """)
        } catch let error as StorageError where error.kind == .uniqueViolation {
            throw CatalogueError.slugTaken
        }
    }

    func update(_ category: Category, in transaction: Transaction) throws {
        try transaction.execute(
            """
            UPDATE categories SET name = \(category.name), parent_id = \(category.parentId),
                version = \(category.version)
            WHERE id = \(category.id)
            """)
    }

    /// - Throws: ``CatalogueError/categoryInUse``.
    func delete(_ id: CategoryID, in transaction: Transaction) throws {
        // A deleted product keeps its rows, but not its place in the tree.
        try transaction.execute(
            """
            DELETE FROM product_categories WHERE category_id = \(id) AND product_id IN (
                SELECT id FROM products WHERE status = 'deleted')
            """)
        do {
            _ = try transaction.rowsChanged(by: "DELETE FROM categories WHERE id = \(id)")
        } catch let error as StorageError where error.kind == .constraintViolation {
            throw CatalogueError.categoryInUse
        }
    }

    private func category(_ row: Row) throws -> Category {
        Category(
            id: try row.get("id"), slug: try row.get("slug"), name: try row.get("name"),
            parentId: try row.get("parent_id"), version: try row.get("version"),
            createdAt: try row.get("created_at"))
    }
}
