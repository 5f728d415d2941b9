import Events
import HTTPTypes
import Storage
import Web

/// The endpoints of categories.
struct CategoryRoutes: Sendable {
    let categories: Categories
    let idempotency: Idempotency

    var all: [Route] {
        let (many, one) = ("/api/v1/categories", "/api/v1/categories/{id}")
        return [
            .get(many, access: .anyone, list),
            .post(many, access: ProductRoutes.writing, create),
            .put(one, access: ProductRoutes.writing, update),
            Route(.delete, one, access: ProductRoutes.writing, delete),
        ].map { $0.limitingBody(to: 16_384) }
    }

    /// All of them on one page, by slug: there are at most a thousand.
    @Sendable private func list(_ request: WebRequest) async throws -> WebResponse {
        let all = try await categories.list()
        return try .json(Page(items: all, nextCursor: nil), hashedUnlessSeenBy: request)
    }

    @Sendable private func create(_ request: WebRequest) async throws -> WebResponse {
        let wish = try request.decode { $0.category() }
        return try await categories.database.write { transaction in
            try idempotency.perform(request, in: transaction) { transaction in
                let category = try categories.create(
                    slug: wish.slug, name: wish.name, parent: wish.parent, in: transaction)
                return try .json(
                    category, version: category.version, status: .created,
                    headers: [.location: "/api/v1/categories/\(category.id)"])
            }
        }
    }

    @Sendable private func update(_ request: WebRequest) async throws -> WebResponse {
        let id = try id(of: request)
        let condition = try request.requiredIfMatch()
        let wish = try request.decode { fields in
            if let named = fields.optionalID("id", as: CategoryID.self), named != id {
                fields.reject("id", "must be the id in the path")
            }
            fields.ignore("createdAt")
            return fields.category()
        }
        let category = try await categories.update(
            id, slug: wish.slug, name: wish.name, parent: wish.parent, if: condition)
        return try .json(category, version: category.version)
    }

    @Sendable private func delete(_ request: WebRequest) async throws -> WebResponse {
        try await categories.delete(try id(of: request), if: try request.ifMatch())
        return .noContent
    }

    private func id(of request: WebRequest) throws -> CategoryID {
        guard let id = request.parameters["id"].flatMap({ CategoryID($0) }) else {
            throw CatalogueError.categoryNotFound
        }
        return id
    }
}

extension Fields {
    fileprivate mutating func category() -> (slug: String, name: String, parent: CategoryID?) {
        let slug = string("slug", length: 1...64)
        if !slug.isEmpty, !Category.isSlug(slug) {
            reject("slug", "must be small letters and digits, words joined by hyphens")
        }
        return (slug, words("name", length: 1...200), optionalID("parentId"))
    }
}
