import Events
import Foundation
import Storage

/// A branch of the catalogue.
struct Category: Sendable, Hashable, Encodable {
    let id: CategoryID
    /// What it is called by in addresses; it never changes.
    let slug: String
    var name: String
    var parentId: CategoryID?
    var version: Int64
    let createdAt: Date

    /// So many in all: a list of them fits one answer.
    static let countMax = 1_000
    /// So many levels from a root to its last leaf.
    static let depthMax = 10

    private enum CodingKeys: CodingKey { case id, slug, name, parentId, createdAt }

    /// Small letters and digits in words joined by hyphens.
    static func isSlug(_ text: String) -> Bool {
        guard (1...64).contains(text.utf8.count) else { return false }
        return text.split(separator: "-", omittingEmptySubsequences: false).allSatisfy { word in
            !word.isEmpty
                && word.utf8.allSatisfy {
                    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
                        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                }
        }
    }
}

/// Names a category.
struct CategoryID: Identifier, SQLConvertible {
    let uuid: UUID
    init(_ uuid: UUID) { self.uuid = uuid }
}

/// Who lies under whom.
struct CategoryTree {
    private let parents: [CategoryID: CategoryID]
    private let ids: Set<CategoryID>

    init(_ categories: [Category]) {
        ids = Set(categories.map(\.id))
        parents = categories.reduce(into: [:]) { $0[$1.id] = $1.parentId }
    }

    /// Checks a category's place under another before it is put there.
    ///
    /// - Throws: ``CatalogueError/categoryNotFound`` for a parent that is none, `categoryCycle`,
    ///   `categoryTooDeep`.
    func check(_ id: CategoryID, under parent: CategoryID?) throws(CatalogueError) {
        guard let parent else { return }
        guard ids.contains(parent) else { throw .parentNotFound }
        var depth = 1
        var next: CategoryID? = parent
        while let ancestor = next {
            guard ancestor != id else { throw .categoryCycle }
            depth += 1
            guard depth <= Category.depthMax else { throw .categoryTooDeep }
            next = parents[ancestor]
        }
        guard depth + height(of: id) - 1 <= Category.depthMax else { throw .categoryTooDeep }
    }

    /// The levels of a branch, itself included.
    private func height(of id: CategoryID) -> Int {
        var level: Set<CategoryID> = [id]
        var height = 0
        while !level.isEmpty, height <= Category.depthMax {
            height += 1
            level = Set(parents.filter { level.contains($0.value) }.map(\.key))
        }
        return height
    }
}
