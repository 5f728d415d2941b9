import EventBus
import Events
import Foundation
import ProductContract
import Storage

/// A level does not bear what its holds say it must: a bug, or a hand in the tables.
struct StockDiscrepancy: Error {
    let move: StockMove
}

extension Stock {
    /// Holds that are over and tidied in one transaction. More of one variant means that nobody
    /// tidied for long; each further demand takes as many away.
    private static let overdueCountMax = 1_000

    typealias Change = (move: StockMove, level: StockLevel)

    /// Takes a hold's pieces, all or none. When there are too few, holds of the same variants that
    /// are over make room first.
    ///
    /// - Throws: ``StockRefusal``, and then none is taken.
    func take(
        _ hold: StockHold, as kind: StockMove.Kind, at now: Date, in transaction: Transaction
    ) throws {
        let moves =
            kind == .allocation ? hold.moves(kind, allocated: 1) : hold.moves(kind, reserved: 1)
        do {
            try make(moves, for: hold.userID, at: now, in: transaction)
            return
        } catch let refusal as StockRefusal {
            guard refusal.reason == .insufficientStock else { throw refusal }
        }
        let variants = hold.lines.map(\.variantID)
        let overdue = try overdue(of: variants, at: now, in: transaction)
        do {
            if overdue.isEmpty { throw StockRefusal(reason: .insufficientStock, shortages: []) }
            // In one go, for rows are to be taken in the order of their SKUs.
            try expire(overdue, and: moves, for: hold.userID, at: now, in: transaction)
        } catch let refusal as StockRefusal {
            if !overdue.isEmpty { try expire(overdue, at: now, in: transaction) }
            guard refusal.reason == .insufficientStock else { throw refusal }
            throw StockRefusal(
                reason: .insufficientStock,
                shortages: try shortages(of: hold, at: now, in: transaction))
        }
    }

    /// Gives back what holds of these variants have that are over.
    func tidy(_ variants: [VariantID], at now: Date, in transaction: Transaction) throws {
        let overdue = try overdue(of: variants, at: now, in: transaction)
        if !overdue.isEmpty { try expire(overdue, at: now, in: transaction) }
    }

    /// Makes the moves of one hold that always fit.
    func make(_ moves: [StockMove], at now: Date, in transaction: Transaction) throws {
        try make(moves, for: nil, at: now, in: transaction)
    }

    /// Makes one move; `nil`, and nothing changed, when there is not enough for it.
    func makeAlone(
        _ move: StockMove, at now: Date, in transaction: Transaction
    ) throws -> StockLevel? {
        guard let level = try store.apply(move, at: now, in: transaction) else { return nil }
        try tell([(move, level)], at: now, in: transaction)
        return level
    }

    /// Ends holds that are over, each once however often it is tried.
    func expire(
        _ overdue: [StockHold], and further: [StockMove] = [], for user: UserID? = nil,
        at now: Date, in transaction: Transaction
    ) throws {
        try transaction.savepoint {
            var moves = further
            var ended: [StockHold] = []
            for hold in overdue
            where try holds.move(
                hold, to: .expired, until: hold.expiresAt, at: now, in: transaction) != nil
            {
                moves += hold.moves(.expiry, reserved: -1)
                ended.append(hold)
            }
            try make(moves, for: user, at: now, in: transaction)
            for hold in ended {
                try outbox.publish(
                    StockReleased(orderID: hold.orderID, reason: "expired", releasedAt: now),
                    in: transaction)
                StockMetrics.count(.expired, after: transaction)
            }
        }
    }

    private func overdue(
        of variants: [VariantID], at now: Date, in transaction: Transaction
    ) throws -> [StockHold] {
        try holds.overdue(
            of: variants, at: now, limit: Self.overdueCountMax, in: transaction)
    }

    /// Makes moves in the order of their SKUs, all or none.
    ///
    /// - Throws: ``StockRefusal``.
    private func make(
        _ moves: [StockMove], for user: UserID?, at now: Date, in transaction: Transaction
    ) throws {
        try transaction.savepoint {
            var changes: [Change] = []
            for move in moves.sorted(by: StockMove.precedes) {
                guard let level = try store.apply(move, at: now, in: transaction) else {
                    guard move.isDemand else { throw StockDiscrepancy(move: move) }
                    throw StockRefusal(reason: .insufficientStock, shortages: [])
                }
                if move.isDemand, let user {
                    try checkLimit(of: level, on: move, for: user, at: now, in: transaction)
                }
                changes.append((move, level))
            }
            try tell(changes, at: now, in: transaction)
        }
    }

    /// The variant's row is this transaction's already: whoever orders for the same customer at
    /// the same time is counted, or counts this.
    private func checkLimit(
        of level: StockLevel, on move: StockMove, for user: UserID, at now: Date,
        in transaction: Transaction
    ) throws {
        guard let customerMax = level.customerMax, let order = move.orderID else { return }
        let wanted = move.allocated + move.reserved
        let had = try holds.count(
            of: level.variantID, had: user, beside: order, at: now, in: transaction)
        guard had + wanted > customerMax else { return }
        throw StockRefusal(
            reason: .limitExceeded,
            shortages: [
                .init(
                    productID: level.variantID, requested: wanted,
                    available: max(0, customerMax - had))
            ])
    }

    private func shortages(
        of hold: StockHold, at now: Date, in transaction: Transaction
    ) throws -> [StockRefused.Shortage] {
        let levels = try levels(of: hold.lines.map(\.variantID), at: now, in: transaction)
        return hold.lines.compactMap { line in
            let available = levels[line.variantID]?.available ?? 0
            guard line.quantity > available else { return nil }
            return .init(
                productID: line.variantID, requested: line.quantity, available: available)
        }
    }

    /// Tells what changed on the shelves, and which variants ran out or came back. After all rows
    /// were taken and in the order of the keys, which are locked as well.
    func tell(_ changes: [Change], at now: Date, in transaction: Transaction) throws {
        let changes = changes.sorted {
            $0.level.productID.description < $1.level.productID.description
        }
        var last: [VariantID: StockLevel] = [:]
        for change in changes {
            last[change.level.variantID] = change.level
            guard let reason = change.move.kind.toldAs else { continue }
            let level = change.level
            try outbox.publish(
                ProductStockChanged(
                    productID: level.productID, variantID: level.variantID, sku: level.sku,
                    onHand: level.onHand, allocated: level.allocated, available: level.available,
                    reason: reason, changedAt: now),
                in: transaction)
        }
        for change in changes {
            guard let level = last.removeValue(forKey: change.level.variantID) else { continue }
            try tellCrossing(level, at: now, in: transaction)
        }
    }

    private func tellCrossing(
        _ level: StockLevel, at now: Date, in transaction: Transaction
    ) throws {
        let isOut = level.free <= 0
        guard isOut != level.isOut else { return }
        try store.setOut(isOut, of: level.variantID, in: transaction)
        if isOut {
            try outbox.publish(
                ProductOutOfStock(
                    productID: level.productID, variantID: level.variantID, sku: level.sku,
                    since: now), in: transaction)
        } else {
            try outbox.publish(
                ProductBackInStock(
                    productID: level.productID, variantID: level.variantID, sku: level.sku,
                    available: level.available, since: now), in: transaction)
        }
    }
}

extension StockMove.Kind {
    /// What others hear of it; `nil` for what comes and goes.
    fileprivate var toldAs: String? {
        switch self {
        case .adjustment: "adjustment"
        case .allocation: "allocation"
        case .return: "return"
        case .reservation, .release, .expiry: nil
        }
    }
}
