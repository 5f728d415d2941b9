import EventBus
import Events
import Foundation
import HTTPTypes
import OrderContract
import ProductContract
import Storage
import Web

extension Orders {
    /// Places an order within the caller's transaction.
    ///
    /// - Throws: ``Problem`` 422 for what can't be ordered, 409 when the price is another one;
    ///   ``OrderError``.
    func place(
        _ new: NewOrder, for user: UserID, in transaction: Transaction
    ) throws -> Order {
        guard try customers.hold(user, in: transaction) else { throw OrderError.customerDeleted }
        let now = try now(transaction).wholeMilliseconds
        let address = try customers.snapshot(of: user, address: new.addressID, in: transaction)
        if new.addressID != nil, address == nil {
            throw Problem.invalid([
                .init(pointer: "/addressId", detail: "there is no such address")
            ])
        }
        let id = OrderID()
        var quoteID: QuoteID?
        let items: [OrderedItem]
        switch new.content {
        case .items(let lines):
            items = try NewOrder.priced(
                lines, by: catalogue.variants(lines.map(\.productID), in: transaction),
                in: new.currency)
        case .quote(let quote):
            quoteID = quote
            items = try take(
                quote, for: user, order: id, in: new.currency, at: now, transaction)
        }
        let order = try Order(
            id: id, number: "", userID: user, kind: .standard, items: items, quoteID: quoteID,
            address: address, at: now)
        if let expected = new.expectedTotal, expected != order.total {
            throw Self.priceChanged(order.total)
        }
        return try insert(order, by: .customer(user), in: transaction)
    }

    /// Writes a new order under a number of its own, and tells of it.
    func insert(
        _ new: Order, by actor: TimelineEntry.Actor, in transaction: Transaction
    ) throws -> Order {
        for _ in 0..<Self.drawCountMax {
            var order = new
            order.number = drawNumber()
            var change = OrderChange(
                order, by: actor, at: new.createdAt, paymentWindow: policy.paymentWindow)
            try change.place()
            guard try store.insert(change.order, in: transaction) else { continue }
            try tell(change, cause: nil, in: transaction)
            return change.order
        }
        throw Problem.unavailable("no number is free for the order", retryAfterSeconds: 1)
    }

    /// With 2^40 numbers a second draw is rare, and a ninth is a broken generator.
    private static let drawCountMax = 8

    /// Makes a quote this order's.
    private func take(
        _ id: QuoteID, for user: UserID, order: OrderID, in currency: Currency?, at now: Date,
        _ transaction: Transaction
    ) throws -> [OrderedItem] {
        guard let quote = try catalogue.quote(id, in: transaction) else {
            throw OrderError.quoteUnknown
        }
        guard quote.userID == nil || quote.userID == user else { throw OrderError.quoteNotFound }
        guard quote.orderID == nil else { throw OrderError.quoteUsed }
        guard now < quote.expiresAt else { throw OrderError.quoteExpired }
        guard currency == nil || quote.items.allSatisfy({ $0.unitPrice.currency == currency })
        else {
            throw Problem.invalid([
                .init(pointer: "/currency", detail: "the quote is in another currency")
            ])
        }
        guard try catalogue.use(id, for: order, in: transaction) else {
            throw OrderError.quoteUsed
        }
        let variants = try catalogue.variants(quote.items.map(\.productID), in: transaction)
        return quote.items.map { item in
            variants[item.productID]?.ordered(item.quantity, at: item.unitPrice)
                ?? OrderedItem(
                    productID: item.productID, quantity: item.quantity,
                    unitPrice: item.unitPrice)
        }
    }

    /// 409 that tells what it costs now.
    private static func priceChanged(_ total: Money) -> Problem {
        Problem(
            status: .conflict, code: "order.price_changed",
            detail: "the order costs something else than you expect: look at it again",
            extensions: [
                "amount": "\(total.amount)", "currency": total.currency.rawValue,
            ])
    }
}
