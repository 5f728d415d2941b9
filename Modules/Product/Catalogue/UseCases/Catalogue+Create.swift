import EventBus
import Events
import Foundation
import ProductContract
import Storage
import Web

extension Catalogue {
    /// Puts a product into the catalogue, with its first stock, and tells it.
    ///
    /// - Throws: ``CatalogueError/skuTaken(_:)``; `Problem` 422 for categories that are none.
    func create(
        _ draft: ProductDraft, id: ProductID = ProductID(), in transaction: Transaction
    ) throws -> Product {
        let now = now().wholeMilliseconds
        let categories = try categoryIDs(of: draft.facts, in: transaction)
        let taken = try store.owners(
            ofSKUs: draft.variants.map(\.facts.sku), in: transaction)
        if let sku = taken.keys.min() { throw CatalogueError.skuTaken(sku) }
        let product = Product(
            id: id, facts: draft.facts, variants: draft.variants.map { $0.variant() },
            importKey: draft.importKey, version: 1, createdAt: now, updatedAt: now)
        try store.insert(product, categories: categories, in: transaction)
        for variant in product.variants {
            try stock(variant, of: product, in: transaction)
        }
        try outbox.publish(
            ProductCreated(product: ProductDescription(product), createdAt: now), in: transaction)
        return product
    }

    /// Makes the first stock of a new variant.
    func stock(_ variant: Variant, of product: Product, in transaction: Transaction) throws {
        try store.stock.create(
            variant.id, of: product.id, sku: variant.facts.sku, stock: variant.stock,
            at: product.updatedAt, in: transaction)
    }

    /// The categories of a product.
    ///
    /// - Throws: `Problem` 422 for those that are none.
    func categoryIDs(
        of facts: ProductFacts, in transaction: Transaction
    ) throws -> [String: CategoryID] {
        let ids = try store.categoryIDs(of: facts.categories, in: transaction)
        let unknown = facts.categories.filter { ids[$0] == nil }
        guard unknown.isEmpty else {
            throw Problem.invalid(
                unknown.map {
                    .init(pointer: "/categories", detail: "there is no category \($0)")
                })
        }
        return ids
    }
}

extension VariantDraft {
    /// The variant that a new one becomes.
    func variant() -> Variant {
        let onHand = onHand ?? 0
        let overbookingPercent = overbookingPercent ?? 0
        return Variant(
            id: id ?? VariantID(), facts: facts, isPricedByRules: false,
            stock: VariantStock(
                onHand: onHand, available: onHand + onHand * overbookingPercent / 100,
                overbookingPercent: overbookingPercent,
                customerMax: customerMax.value(after: nil)))
    }
}
