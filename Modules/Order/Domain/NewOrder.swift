import Events
import UserContract
import Web

/// What somebody wants to order.
struct NewOrder: Sendable, Hashable {
    let content: Content
    /// Where it goes; `nil` for the customer's default.
    var addressID: AddressID?
    /// What it is paid in; `nil` for the house's own.
    var currency: Currency?
    /// What the customer was shown; the order is refused if it costs something else.
    var expectedTotal: Money?

    enum Content: Sendable, Hashable {
        case items([Line])
        case quote(QuoteID)
    }

    struct Line: Sendable, Hashable {
        let productID: VariantID
        let quantity: Int
    }

    /// The most pieces of one variant in an order.
    static let quantityMax = 999
}

extension NewOrder {
    /// One variant of an order with all that its lines want of it.
    private struct Group {
        let productID: VariantID
        let firstIndex: Int
        let lastIndex: Int
        let quantity: Int
    }

    /// Prices lines by the catalogue, grouped by variant, in the order of their first lines.
    ///
    /// - Throws: ``Problem`` 422 with all that is wrong; ``OrderError/quoteRequired``.
    static func priced(
        _ lines: [Line], by variants: [VariantID: CatalogueVariant], in wanted: Currency?
    ) throws -> [OrderedItem] {
        let groups = groups(of: lines)
        // Unless the customer says, the first line that can be had says what is paid with.
        let currency =
            wanted
            ?? groups.lazy.compactMap { variants[$0.productID]?.prices.first }.first?
            .currency
        var errors: [Problem.FieldError] = []
        var items: [OrderedItem] = []
        for group in groups {
            let at = "/items/\(group.firstIndex)"
            guard let variant = variants[group.productID], variant.isActive else {
                errors.append(
                    .init(pointer: "\(at)/productId", detail: "there is no such product"))
                continue
            }
            let range = variant.quantityMin...max(variant.quantityMin, variant.quantityMax)
            if group.quantity > quantityMax {
                errors.append(
                    .init(
                        pointer: "/items/\(group.lastIndex)/quantity",
                        detail: "must be up to \(quantityMax) of one product in all"))
            } else if !range.contains(group.quantity) {
                errors.append(
                    .init(
                        pointer: "\(at)/quantity",
                        detail: "must be from \(range.lowerBound) to \(range.upperBound)"))
            }
            guard let currency, let price = variant.price(in: currency) else {
                errors.append(
                    .init(
                        pointer: wanted == nil ? "\(at)/productId" : "/currency",
                        detail: "there is no price in this currency"))
                continue
            }
            items.append(variant.ordered(group.quantity, at: price))
        }
        guard errors.isEmpty else { throw Problem.invalid(errors) }
        guard !items.contains(where: { variants[$0.productID]?.isPricedByRules == true }) else {
            throw OrderError.quoteRequired
        }
        return items
    }

    private static func groups(of lines: [Line]) -> [Group] {
        var order: [VariantID] = []
        var groups: [VariantID: Group] = [:]
        for (index, line) in lines.enumerated() {
            let known = groups[line.productID]
            if known == nil { order.append(line.productID) }
            groups[line.productID] = Group(
                productID: line.productID, firstIndex: known?.firstIndex ?? index,
                lastIndex: index, quantity: (known?.quantity ?? 0) + line.quantity)
        }
        return order.compactMap { groups[$0] }
    }
}
