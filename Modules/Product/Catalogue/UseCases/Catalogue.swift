import EventBus
import Events
import Foundation
import Platform
import ProductContract
import Storage
import Web

/// Products and their variants: what there is to be sold, and at which list price.
struct Catalogue: Sendable {
    let database: Database
    let outbox: Outbox
    let now: @Sendable () -> Date
    let sharedNow: @Sendable (Transaction) throws -> Date
    let store = ProductStore()

    init(_ platform: Platform) {
        database = platform.database
        outbox = platform.outbox
        now = platform.now
        sharedNow = platform.sharedNow
    }

    /// A page of products, newest first, one more than it has room for.
    ///
    /// - Throws: `Problem` 400 for a category that is none.
    func list(_ filter: ProductFilter, page: PageRequest) async throws -> [Product] {
        try await database.read { transaction in
            if let slug = filter.category,
                try !store.hasCategory(slug, in: transaction)
            {
                throw Problem.badRequest("category: there is no category \(slug)")
            }
            return try store.list(
                filter, page: page, at: try sharedNow(transaction), in: transaction)
        }
    }

    /// One product.
    ///
    /// - Parameter statuses: in which it may be.
    /// - Throws: ``CatalogueError/productNotFound``.
    func find(_ id: ProductID, in statuses: [ProductStatus]) async throws -> Product {
        try await database.read { transaction in
            let product = try found(id, in: transaction)
            guard statuses.contains(product.facts.status) else {
                throw CatalogueError.productNotFound
            }
            return product
        }
    }

    /// A product's prices, by variant and currency, with those of the past.
    ///
    /// - Throws: ``CatalogueError/productNotFound``.
    func priceHistory(of id: ProductID) async throws -> [PriceHistory] {
        try await database.read { transaction in
            let product = try found(id, in: transaction)
            guard product.facts.status == .active else { throw CatalogueError.productNotFound }
            let ids = product.variants.map(\.id)
            let prices = store.prices
            let spans = try prices.history(of: ids, in: transaction)
            let lowest = try prices.lowest(of: ids, since: windowStart, in: transaction)
            let before = try prices.lowestBeforeChange(of: ids, in: transaction)
            return product.variants.flatMap { variant in
                spans.keys.filter { $0.variant == variant.id }
                    .sorted { $0.currency.rawValue < $1.currency.rawValue }
                    .map { place in
                        PriceHistory(
                            variant: variant, currency: place.currency,
                            lowest: lowest[place], lowestBeforeChange: before[place],
                            spans: spans[place] ?? [])
                    }
            }
        }
    }

    /// Takes a product out of the catalogue; its SKUs stay taken.
    ///
    /// - Throws: ``CatalogueError/productNotFound``; `Problem` 412.
    func delete(_ id: ProductID, if condition: VersionCondition?) async throws {
        try await database.write { transaction in
            let now = now().wholeMilliseconds
            let product = try found(id, in: transaction)
            if let condition, !condition.admits(product.version) { throw Problem.versionMismatch }
            guard try store.delete(product, at: now, in: transaction) else {
                throw Problem.versionMismatch
            }
            try outbox.publish(
                ProductDeleted(
                    productID: id, variantIDs: product.variants.map(\.id),
                    version: product.version + 1, deletedAt: now),
                in: transaction)
        }
    }

    /// Tells products anew after something beside the catalogue changed them, as rules that make
    /// prices do.
    ///
    /// - Parameter changedFields: what is different, as in `ProductUpdated`.
    func retell(
        _ ids: [ProductID], changedFields: [String], in transaction: Transaction
    ) throws {
        let now = now().wholeMilliseconds
        for var product in try store.load(ids, at: now, in: transaction) {
            product.version += 1
            product.updatedAt = now
            try store.touch(product, at: now, in: transaction)
            try outbox.publish(
                ProductUpdated(
                    product: ProductDescription(product), changedFields: changedFields,
                    updatedAt: now),
                in: transaction)
        }
    }

    /// A product as it is now.
    ///
    /// - Throws: ``CatalogueError/productNotFound``.
    func found(_ id: ProductID, in transaction: Transaction) throws -> Product {
        let now = try sharedNow(transaction)
        guard let product = try store.find(id, at: now, in: transaction) else {
            throw CatalogueError.productNotFound
        }
        return product
    }

    /// Since when prices count for the lowest of thirty days.
    var windowStart: Date { now() - Double(PriceStore.window.components.seconds) }
}

/// One variant's price in one currency, through time.
struct PriceHistory: Sendable {
    let variant: Variant
    let currency: Currency
    /// In force at any time of the last thirty days; `nil` when there was none.
    let lowest: Int64?
    /// In force at any time of the thirty days before the current price came.
    let lowestBeforeChange: Int64?
    /// Newest first.
    let spans: [PriceStore.Span]
}
