import Events
import Foundation
import ProductContract

/// What is set aside for an order, or was.
struct StockHold: Sendable, Hashable {
    let orderID: OrderID
    let userID: UserID
    let state: State
    let expiresAt: Date
    /// What it is of, in the order of the SKUs; none for a refused one.
    let lines: [Line]

    /// Where a hold stands. `held` is left once; `converted` leads to `returned` alone, and
    /// `expired` back to `held` or to `converted` when the order's money comes.
    enum State: String, Sendable, Hashable, CaseIterable {
        case held, converted, released, returned, expired, refused
    }

    struct Line: Sendable, Hashable {
        let variantID: VariantID
        let sku: String
        let quantity: Int
    }

    /// The moves that every line makes.
    func moves(_ kind: StockMove.Kind, allocated: Int = 0, reserved: Int = 0) -> [StockMove] {
        lines.map { line in
            StockMove(
                variantID: line.variantID, sku: line.sku, kind: kind,
                allocated: allocated * line.quantity, reserved: reserved * line.quantity,
                orderID: orderID)
        }
    }
}

/// So many pieces that somebody wants.
struct StockDemand: Sendable, Hashable {
    let variantID: VariantID
    let quantity: Int

    /// One demand a variant: an order that names it on two lines wants the sum.
    static func grouped(_ lines: [StockDemand]) -> [StockDemand] {
        var quantities: [VariantID: Int] = [:]
        for line in lines {
            let (sum, overflow) = (quantities[line.variantID] ?? 0)
                .addingReportingOverflow(line.quantity)
            quantities[line.variantID] = overflow ? .max : sum
        }
        return quantities.map { StockDemand(variantID: $0.key, quantity: $0.value) }
    }
}

/// Why an order can't have its stock.
struct StockRefusal: Error, Sendable, Hashable {
    let reason: Reason
    let shortages: [StockRefused.Shortage]

    /// The word in the event.
    enum Reason: String, Sendable, Hashable, CaseIterable {
        case insufficientStock = "insufficient_stock"
        case limitExceeded = "limit_exceeded"
        case unknownProduct = "unknown_product"
        case notForSale = "not_for_sale"
    }
}
