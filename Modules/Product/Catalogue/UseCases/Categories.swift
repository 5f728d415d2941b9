import Events
import Foundation
import Storage
import Web

/// The tree that the catalogue is sorted into.
struct Categories: Sendable {
    let database: Database
    let now: @Sendable () -> Date
    let store = CategoryStore()

    init(database: Database, now: @escaping @Sendable () -> Date) {
        self.database = database
        self.now = now
    }

    /// All, by slug.
    func list() async throws -> [Category] {
        try await database.read { try store.list(in: $0) }
    }

    /// Adds a category.
    ///
    /// - Throws: ``CatalogueError``.
    func create(
        slug: String, name: String, parent: CategoryID?, in transaction: Transaction
    ) throws -> Category {
        let others = try store.lock(in: transaction)
        guard others.count < Category.countMax else { throw CatalogueError.tooManyCategories }
        guard !others.contains(where: { $0.slug == slug }) else { throw CatalogueError.slugTaken }
        let category = Category(
            id: CategoryID(), slug: slug, name: name, parentId: parent, version: 1,
            createdAt: now().wholeMilliseconds)
        try CategoryTree(others).check(category.id, under: parent)
        try store.insert(category, in: transaction)
        return category
    }

    /// Renames a category, or puts it elsewhere with all that is under it.
    ///
    /// - Throws: ``CatalogueError``; `Problem` 412, and 422 for another slug.
    func update(
        _ id: CategoryID, slug: String, name: String, parent: CategoryID?,
        if condition: VersionCondition?
    ) async throws -> Category {
        try await database.write { transaction in
            let all = try store.lock(in: transaction)
            let old = try found(id, among: all, if: condition)
            guard slug == old.slug else {
                throw Problem.invalid([
                    .init(
                        pointer: "/slug",
                        detail: "a slug stays as it is, for addresses have it: \(old.slug)")
                ])
            }
            var category = old
            category.name = name
            category.parentId = parent
            guard category != old else { return old }
            try CategoryTree(all).check(id, under: parent)
            category.version += 1
            try store.update(category, in: transaction)
            return category
        }
    }

    /// Takes a category away.
    ///
    /// - Throws: ``CatalogueError/categoryNotFound``, `categoryInUse`; `Problem` 412.
    func delete(_ id: CategoryID, if condition: VersionCondition?) async throws {
        try await database.write { transaction in
            let all = try store.lock(in: transaction)
            _ = try found(id, among: all, if: condition)
            guard !all.contains(where: { $0.parentId == id }) else {
                throw CatalogueError.categoryInUse
            }
            try store.delete(id, in: transaction)
        }
    }

    private func found(
        _ id: CategoryID, among all: [Category], if condition: VersionCondition?
    ) throws -> Category {
        guard let category = all.first(where: { $0.id == id }) else {
            throw CatalogueError.categoryNotFound
        }
        if let condition, !condition.admits(category.version) { throw Problem.versionMismatch }
        return category
    }
}
