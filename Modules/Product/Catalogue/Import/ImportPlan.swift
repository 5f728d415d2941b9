import Events
import Foundation

/// What is known of the products and SKUs that a batch names.
struct ImportedBefore: Sendable {
    /// By what a file calls them.
    let products: [String: ProductID]
    /// Whose a SKU is, and what a file calls that product; `nil` for one of no file.
    let owners: [String: (product: ProductID, key: String?)]

    /// The product of a group: what was imported by its name, else whose its first SKUs are.
    func product(of group: ImportReading.Group) -> ProductID? {
        if let id = products[group.product] { return id }
        let owner = group.lines.lazy.compactMap { owners[$0.sku] }
            .first { $0.key == nil || $0.key == group.product }
        return owner?.product
    }
}

/// Makes of a product and the lines about it what the product is to be.
struct ImportPlan {
    let old: Product?
    private(set) var faults: [ImportFault] = []
    private let group: ImportReading.Group
    private let known: ImportedBefore

    init(_ group: ImportReading.Group, old: Product?, known: ImportedBefore) {
        self.group = group
        self.old = old
        self.known = known
    }

    /// What the product is to be; `nil` when no line is left that says anything.
    mutating func draft() -> ProductDraft? {
        let lines = group.lines.filter { isOurs($0) }
        guard let facts = group.head?.facts(after: old?.facts) ?? old?.facts else {
            // The batch with the product's first line had none that was good.
            for line in lines {
                note(line, "product", "the lines of the product before this one are all bad")
            }
            return nil
        }
        var drafts = (old?.variants ?? []).map { variant in
            var facts = variant.facts
            if facts.name == old?.facts.name { facts.name = group.head?.name ?? facts.name }
            return VariantDraft(id: variant.id, facts: facts)
        }
        var places = Dictionary(
            uniqueKeysWithValues: drafts.enumerated().map { ($1.facts.sku, $0) })
        var goodCount = 0
        for line in lines {
            let place = places[line.sku]
            guard place != nil || drafts.count < Product.variantCountMax else {
                note(line, nil, "a product has at most \(Product.variantCountMax) variants")
                continue
            }
            let before = place.map { drafts[$0].facts }
            guard let facts = variant(line, before: before, name: facts.name) else { continue }
            goodCount += 1
            if let place {
                drafts[place].facts = facts
            } else {
                places[line.sku] = drafts.count
                drafts.append(VariantDraft(facts: facts, onHand: line.onHand))
            }
        }
        guard goodCount > 0 else { return nil }
        return ProductDraft(facts: facts, variants: drafts, importKey: group.product)
    }

    private mutating func isOurs(_ line: ImportLine) -> Bool {
        guard let owner = known.owners[line.sku], owner.product != old?.id else { return true }
        note(line, "sku", "\(line.sku) is of another product")
        return false
    }

    private mutating func variant(
        _ line: ImportLine, before old: VariantFacts?, name: String
    ) -> VariantFacts? {
        let roomClass = line.roomClass.value(after: old?.roomClass ?? nil)
        var prices = old?.prices ?? []
        if let place = prices.firstIndex(where: { $0.currency == line.price.currency }) {
            prices[place] = line.price
        } else {
            prices.append(line.price)
        }
        let facts = VariantFacts(
            sku: line.sku, name: line.name ?? old?.name ?? roomClass ?? name,
            isActive: old?.isActive ?? true, roomClass: roomClass,
            startsAt: line.startsAt.value(after: old?.startsAt ?? nil),
            endsAt: line.endsAt.value(after: old?.endsAt ?? nil),
            quantityMin: old?.quantityMin ?? 1,
            quantityMax: old?.quantityMax ?? VariantFacts.quantityMax, prices: prices)
        if let startsAt = facts.startsAt, let endsAt = facts.endsAt, startsAt >= endsAt {
            note(line, "ends_at", "must be after starts_at")
            return nil
        }
        return facts
    }

    private mutating func note(_ line: ImportLine, _ column: String?, _ reason: String) {
        faults.append(ImportFault(line: line.number, column: column, reason: reason))
    }
}
