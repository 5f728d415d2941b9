import EventBus
import Events
import Foundation
import ProductContract
import Storage
import Web

/// Prices told and kept: who orders by a quote in time pays what it says.
struct Quotes: Sendable {
    /// How long a quote can be looked at that is over.
    private static let memory: TimeInterval = 86_400

    let database: Database
    let outbox: Outbox
    let stock: Stock
    let duration: Duration
    let sharedNow: @Sendable (Transaction) throws -> Date
    let rules = PricingStore()
    let store = QuoteStore()

    /// So many pieces that somebody asks the price of.
    struct Line: Sendable {
        let variantID: VariantID
        let quantity: Int
    }

    /// A user's own quote, and whether it is over.
    ///
    /// - Throws: ``PricingError/quoteNotFound``, also for somebody else's.
    func find(_ id: QuoteID, of user: UserID) async throws -> (Quote, isExpired: Bool) {
        try await database.read { transaction in
            guard let quote = try store.find(id, in: transaction), quote.userID == user else {
                throw PricingError.quoteNotFound
            }
            return (quote, isExpired: try sharedNow(transaction) >= quote.expiresAt)
        }
    }

    /// Tells a price.
    ///
    /// - Parameter currency: the house's own of the first line when `nil`.
    /// - Throws: `Problem` 422 for what is not sold so; ``PricingError/totalTooLarge``.
    func give(
        _ lines: [Line], in currency: Currency?, to user: UserID, within transaction: Transaction
    ) throws -> Quote {
        let now = try sharedNow(transaction).wholeMilliseconds
        let variants = Array(Set(lines.map(\.variantID)))
        let tags = try store.tags(of: variants, at: now, in: transaction)
        let quantities = Dictionary(
            lines.map { ($0.variantID, $0.quantity) }, uniquingKeysWith: +)
        let prices = try listPrices(of: lines, in: currency, tags: tags, quantities)
        let ruled = try rules.rules(of: variants, in: transaction)
        let levels = try stock.levels(of: variants, at: now, in: transaction)
        let items = zip(lines, prices).map { line, base in
            let situation = PricingSituation(
                startsAt: tags[line.variantID]?.startsAt, level: levels[line.variantID],
                quantity: quantities[line.variantID] ?? line.quantity, now: now)
            let price = UnitPrice(base, by: ruled[line.variantID] ?? [], in: situation)
            return Quote.Item(
                productId: line.variantID, quantity: line.quantity, basePrice: base,
                unitPrice: price.unit,
                adjustments: price.steps.map {
                    .init(
                        rule: $0.rule.id.description, name: $0.rule.terms.name, amount: $0.amount)
                })
        }
        let quote = Quote(
            id: QuoteID(), userID: user, items: items, total: try total(of: items),
            expiresAt: now + duration.seconds, createdAt: now)
        try store.purgeSome(endedBefore: now - Self.memory, in: transaction)
        try store.insert(quote, in: transaction)
        try outbox.publish(quote.given, in: transaction)
        return quote
    }

    private func total(of items: [Quote.Item]) throws -> Money {
        var sum: Money?
        for item in items {
            let line = item.unitPrice.times(item.quantity)
            guard let line, let next = sum.map({ $0.adding(line) }) ?? line,
                next.amount <= UnitPrice.amountMax
            else { throw PricingError.totalTooLarge }
            sum = next
        }
        guard let sum else { throw PricingError.totalTooLarge }
        return sum
    }

    /// The list price of each line, all in one currency; everything that is wrong is told at once.
    private func listPrices(
        of lines: [Line], in wanted: Currency?, tags: [VariantID: QuoteStore.Tag],
        _ quantities: [VariantID: Int]
    ) throws -> [Money] {
        var errors: [Problem.FieldError] = []
        var prices: [Money] = []
        let currency =
            wanted
            ?? lines.lazy.compactMap { tags[$0.variantID]?.prices.first }
            .first?.currency
        for (index, line) in lines.enumerated() {
            func reject(_ field: String, _ detail: String) {
                errors.append(.init(pointer: "/items/\(index)/\(field)", detail: detail))
            }
            guard let tag = tags[line.variantID] else {
                reject("productId", "there is no such product")
                continue
            }
            guard tag.isForSale else {
                reject("productId", "this is not for sale")
                continue
            }
            // As the order will be: what several lines want of one variant counts together.
            if !tag.quantities.contains(quantities[line.variantID] ?? line.quantity) {
                let (least, most) = (tag.quantities.lowerBound, tag.quantities.upperBound)
                reject("quantity", "must be from \(least) to \(most)")
            }
            guard let price = tag.prices.first(where: { $0.currency == currency }) else {
                reject("productId", "this has no price in \(currency?.rawValue ?? "any currency")")
                continue
            }
            prices.append(price)
        }
        guard errors.isEmpty else { throw Problem.invalid(errors) }
        return prices
    }
}

extension PricingSituation {
    /// What rules look at, at a time.
    init(startsAt: Date?, level: StockLevel?, quantity: Int, now: Date) {
        let secondsADay = 86_400.0
        let wait = startsAt.map { $0.timeIntervalSince(now) }
        daysAhead = wait.flatMap { $0 < 0 ? nil : Int(($0 / secondsADay).rounded(.down)) }
        percentSold = level?.percentSold ?? 0
        day = CalendarDay(of: startsAt ?? now)
        self.quantity = quantity
    }
}

extension StockLevel {
    /// Percent of the capacity that is sold or set aside, rounded down; all of nothing is sold.
    var percentSold: Int {
        guard capacity > 0 else { return 100 }
        return min(100, (allocated + reserved - overdue) * 100 / capacity)
    }
}
