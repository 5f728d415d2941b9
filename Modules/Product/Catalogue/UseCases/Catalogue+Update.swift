import EventBus
import Events
import Foundation
import ProductContract
import Storage
import Web

extension Catalogue {
    /// Puts what somebody wants in the place of what a product is.
    ///
    /// - Throws: ``CatalogueError``; `Problem` 412, and 422 for what names things that are none.
    func update(
        _ id: ProductID, to draft: ProductDraft, if condition: VersionCondition?
    ) async throws -> Product {
        try await database.write { transaction in
            let old = try found(id, in: transaction)
            if let condition, !condition.admits(old.version) { throw Problem.versionMismatch }
            return try change(old, to: draft, in: transaction)
        }
    }

    /// Changes a product that was just read. What changes nothing tells nothing.
    ///
    /// Variants are found by id, else by SKU; those that are not named are not sold any more.
    func change(
        _ old: Product, to draft: ProductDraft, in transaction: Transaction
    ) throws -> Product {
        var product = old
        product.facts = draft.facts
        product.variants = try variants(of: old, as: draft.variants)
        let changedFields = Self.changedFields(from: old, to: product)
        guard !changedFields.isEmpty else { return old }
        guard product.variants.count <= Product.variantCountMax else {
            throw CatalogueError.tooManyVariants
        }
        product.version += 1
        product.updatedAt = now().wholeMilliseconds
        try checkSKUs(of: product, in: transaction)
        let changes = try priceChanges(from: old, to: product, in: transaction)
        let categories = try categoryIDs(of: draft.facts, in: transaction)
        guard try store.update(product, from: old, categories: categories, in: transaction) else {
            throw Problem.versionMismatch
        }
        try changeStock(from: old, to: product, in: transaction)
        try outbox.publish(
            ProductUpdated(
                product: ProductDescription(product), changedFields: changedFields,
                updatedAt: product.updatedAt),
            in: transaction)
        for change in changes { try outbox.publish(change, in: transaction) }
        return product
    }

    /// What a product's variants become.
    private func variants(of old: Product, as drafts: [VariantDraft]) throws -> [Variant] {
        let byID = Dictionary(uniqueKeysWithValues: old.variants.map { ($0.id, $0) })
        let bySKU = Dictionary(uniqueKeysWithValues: old.variants.map { ($0.facts.sku, $0) })
        var errors: [Problem.FieldError] = []
        var named: Set<VariantID> = []
        var variants: [Variant] = []
        for (index, draft) in drafts.enumerated() {
            let found = draft.id.map { byID[$0] } ?? bySKU[draft.facts.sku]
            if let id = draft.id, byID[id] == nil {
                errors.append(
                    .init(
                        pointer: "/variants/\(index)/id",
                        detail: "the product has no such variant"))
            }
            guard let old = found else {
                variants.append(draft.variant())
                continue
            }
            if !named.insert(old.id).inserted {
                errors.append(
                    .init(pointer: "/variants/\(index)", detail: "this variant is named twice"))
            }
            if let onHand = draft.onHand, onHand != old.stock.onHand {
                errors.append(
                    .init(
                        pointer: "/variants/\(index)/onHand",
                        detail: "stock is changed at /api/v1/variants/\(old.id)/stock; leave"
                            + " this out, or say \(old.stock.onHand)"))
            }
            variants.append(old.becoming(draft))
        }
        if !errors.isEmpty { throw Problem.invalid(errors) }
        let others = old.variants.filter { !named.contains($0.id) }
        return variants + others.map { $0.notSold }
    }

    private static func changedFields(from old: Product, to new: Product) -> [String] {
        let (before, after) = (old.facts, new.facts)
        let prices = { (product: Product) in
            product.variants.reduce(into: [:]) { $0[$1.id] = $1.facts.prices }
        }
        let others = { (product: Product) in
            product.variants.map { variant in
                var variant = variant
                variant.facts.prices = []
                return variant
            }
        }
        return [
            ("kind", before.kind != after.kind), ("status", before.status != after.status),
            ("name", before.name != after.name),
            ("description", before.description != after.description),
            ("categories", before.categories != after.categories),
            ("attributes", before.attributes != after.attributes),
            ("texts", before.texts != after.texts),
            ("variants", others(old) != others(new)), ("prices", prices(old) != prices(new)),
        ].filter(\.1).map(\.0)
    }

    private func checkSKUs(of product: Product, in transaction: Transaction) throws {
        let owners = try store.owners(
            ofSKUs: product.variants.map(\.facts.sku), in: transaction)
        let own = Set(product.variants.map(\.id))
        let taken = owners.filter { !own.contains($0.value) }
        if let sku = taken.keys.min() { throw CatalogueError.skuTaken(sku) }
    }

    /// What is to be told of prices, with the lowest of the thirty days before.
    private func priceChanges(
        from old: Product, to new: Product, in transaction: Transaction
    ) throws -> [ProductPriceChanged] {
        let before = Dictionary(
            uniqueKeysWithValues: old.variants.map { ($0.id, $0.facts.prices) })
        let changed = new.variants.filter { (before[$0.id] ?? []) != $0.facts.prices }
        let lowest = try store.prices.lowest(
            of: changed.map(\.id), since: windowStart, in: transaction)
        return changed.flatMap { variant in
            let olds = before[variant.id] ?? []
            let news = variant.facts.prices
            let currencies = Set((olds + news).map(\.currency))
                .sorted { $0.rawValue < $1.rawValue }
            return currencies.compactMap { currency -> ProductPriceChanged? in
                let (from, to) = (
                    olds.first { $0.currency == currency }, news.first { $0.currency == currency }
                )
                guard from != to else { return nil }
                let place = PriceStore.Place(variant: variant.id, currency: currency)
                return ProductPriceChanged(
                    productID: new.id, variantID: variant.id, sku: variant.facts.sku,
                    oldPrice: from, newPrice: to,
                    lowestOf30Days: lowest[place].map { Money(amount: $0, currency: currency) },
                    changedAt: new.updatedAt)
            }
        }
    }

    private func changeStock(
        from old: Product, to new: Product, in transaction: Transaction
    ) throws {
        let before = Dictionary(uniqueKeysWithValues: old.variants.map { ($0.id, $0.stock) })
        for variant in new.variants {
            guard let stock = before[variant.id] else {
                try self.stock(variant, of: new, in: transaction)
                continue
            }
            guard stock != variant.stock else { continue }
            let isLimited = try store.stock.limit(
                variant.id, overbookingPercent: variant.stock.overbookingPercent,
                customerMax: variant.stock.customerMax, at: new.updatedAt, in: transaction)
            guard isLimited else { throw CatalogueError.capacitySold(variant.facts.sku) }
        }
    }
}

extension Variant {
    /// This one as somebody wants it; its pieces stay.
    fileprivate func becoming(_ draft: VariantDraft) -> Variant {
        var variant = self
        variant.facts = draft.facts
        let percent = draft.overbookingPercent ?? stock.overbookingPercent
        variant.stock.available = max(
            0,
            stock.available + stock.onHand * percent / 100
                - stock.onHand * stock.overbookingPercent / 100)
        variant.stock.overbookingPercent = percent
        variant.stock.customerMax = draft.customerMax.value(after: stock.customerMax)
        return variant
    }

    /// This one when it is not sold any more.
    fileprivate var notSold: Variant {
        var variant = self
        variant.facts.isActive = false
        return variant
    }
}
