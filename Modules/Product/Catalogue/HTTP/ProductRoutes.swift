import Events
import Foundation
import HTTPTypes
import Storage
import Web

/// The endpoints of products.
struct ProductRoutes: Sendable {
    static let writing = Access.permission("products:write")
    /// Two hundred variants with texts in several languages.
    static let bodyByteCountMax = 1_048_576

    let catalogue: Catalogue
    let idempotency: Idempotency
    /// The language of a product's own name and description.
    let house: LanguageTag

    var all: [Route] {
        let (many, one) = ("/api/v1/products", "/api/v1/products/{id}")
        return [
            .get(many, access: .anyone, list),
            .get(one, access: .anyone, show),
            .get("\(one)/price-history", access: .anyone, showPrices),
            .post(many, access: Self.writing, create),
            .put(one, access: Self.writing, update),
            Route(.delete, one, access: Self.writing, delete),
            .get("/api/v1/admin/products", access: Self.writing, listAll),
            .get("/api/v1/admin/products/{id}", access: Self.writing, showAny),
        ].map { $0.limitingBody(to: Self.bodyByteCountMax) }
    }

    @Sendable private func list(_ request: WebRequest) async throws -> WebResponse {
        try request.requireQuery(among: ProductFilter.parameters + ["limit", "cursor", "locale"])
        let languages = try request.languages(house: house)
        return try await page(of: try request.productFilter(), for: request, in: languages)
    }

    /// What is not sold too, in the house's own language.
    @Sendable private func listAll(_ request: WebRequest) async throws -> WebResponse {
        try request.requireQuery(among: ProductFilter.parameters + ["limit", "cursor", "status"])
        var filter = try request.productFilter()
        filter.statuses = try request.choice("status").map { [$0] } ?? ProductStatus.allCases
        return try await page(of: filter, for: request, in: LanguageChoice(house, house: house))
    }

    private func page(
        of filter: ProductFilter, for request: WebRequest, in languages: LanguageChoice
    ) async throws -> WebResponse {
        let page = try request.page()
        let products = try await catalogue.list(filter, page: page)
        let bodies = products.map { ProductBody($0, in: languages) }
        let shown = bodies.prefix(page.limit)
        return try .json(
            Page(bodies, of: page) {
                PageRequest.Cursor(time: $0.createdAt, id: $0.id.uuid)
            }, hashedUnlessSeenBy: request,
            headers: speaking(Set(shown.map(\.language))))
    }

    @Sendable private func show(_ request: WebRequest) async throws -> WebResponse {
        try request.requireQuery(among: ["locale"])
        let languages = try request.languages(house: house)
        let product = try await catalogue.find(try id(of: request), in: [.active])
        return try answer(product, in: languages, to: request)
    }

    @Sendable private func showAny(_ request: WebRequest) async throws -> WebResponse {
        let product = try await catalogue.find(try id(of: request), in: ProductStatus.allCases)
        return try answer(product, in: LanguageChoice(house, house: house), to: request)
    }

    @Sendable private func showPrices(_ request: WebRequest) async throws -> WebResponse {
        let prices = try await catalogue.priceHistory(of: try id(of: request))
        return try .json(Page(items: prices.map(PriceHistoryBody.init), nextCursor: nil))
    }

    @Sendable private func create(_ request: WebRequest) async throws -> WebResponse {
        let draft = try request.decode { $0.product(isNew: true) }
        return try await catalogue.database.write { transaction in
            try idempotency.perform(request, in: transaction) { transaction in
                let product = try catalogue.create(draft, in: transaction)
                return try .json(
                    ProductBody(product, in: LanguageChoice(house, house: house)),
                    version: product.version, status: .created,
                    headers: [.location: "/api/v1/products/\(product.id)"])
            }
        }
    }

    @Sendable private func update(_ request: WebRequest) async throws -> WebResponse {
        let id = try id(of: request)
        let condition = try request.requiredIfMatch()
        let draft = try request.decode { fields in
            if let named = fields.optionalID("id", as: ProductID.self), named != id {
                fields.reject("id", "must be the id in the path")
            }
            return fields.product(isNew: false)
        }
        let product = try await catalogue.update(id, to: draft, if: condition)
        return try .json(
            ProductBody(product, in: LanguageChoice(house, house: house)),
            version: product.version)
    }

    @Sendable private func delete(_ request: WebRequest) async throws -> WebResponse {
        try await catalogue.delete(try id(of: request), if: try request.requiredIfMatch())
        return .noContent
    }

    /// The tag has the version, for a change's `If-Match`, and more: stock and languages change
    /// what is shown, too.
    private func answer(
        _ product: Product, in languages: LanguageChoice, to request: WebRequest
    ) throws -> WebResponse {
        let body = ProductBody(product, in: languages)
        return try .json(
            body, version: product.version, hashedUnlessSeenBy: request,
            headers: speaking([body.language]))
    }

    /// In which languages an answer is, and that others may be had.
    private func speaking(_ languages: Set<LanguageTag>) -> HTTPFields {
        let named = languages.isEmpty ? [house] : languages.sorted()
        return [
            .contentLanguage: named.map(\.description).joined(separator: ", "),
            .vary: "Accept-Language",
        ]
    }

    private func id(of request: WebRequest) throws -> ProductID {
        guard let id = request.parameters["id"].flatMap({ ProductID($0) }) else {
            throw CatalogueError.productNotFound
        }
        return id
    }
}
