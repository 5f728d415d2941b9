import EventBus
import Events
import Foundation
import ProductContract
import Storage

/// What orders make of the stock. Each way out of a hold is taken once, however often it is told.
extension Stock {
    /// Sets an order's pieces aside, all or none, and says which it was. An order that was answered
    /// is not answered again: one that was refused stays so.
    func hold(
        _ order: OrderID, for user: UserID, _ lines: [StockDemand], lasting duration: Duration,
        in transaction: Transaction
    ) throws {
        guard try holds.find(order, in: transaction) == nil else { return }
        let now = try sharedNow(transaction)
        do {
            let hold = try demand(
                of: order, for: user, lines, state: .held, until: now + duration.seconds,
                in: transaction)
            guard try holds.insert(hold, at: now, in: transaction) else { return }
            try take(hold, as: .reservation, at: now, in: transaction)
            try tellHeld(hold, at: now, in: transaction)
        } catch let refusal as StockRefusal {
            try refuse(order, for: user, because: refusal, at: now, in: transaction)
        }
    }

    /// Puts the end of a hold off, never forward. One that is over is taken anew, if it can be.
    func extend(_ order: OrderID, until end: Date, in transaction: Transaction) throws {
        guard let hold = try holds.find(order, in: transaction) else { return }
        let now = try sharedNow(transaction)
        let end = end.wholeMilliseconds
        switch hold.state {
        case .held:
            guard end > hold.expiresAt,
                let hold = try holds.move(hold, to: .held, until: end, at: now, in: transaction)
            else { return }
            try schedule(hold, at: now, in: transaction)
            StockMetrics.count(.extended, after: transaction)
        case .expired:
            guard end > now,
                let hold = try holds.move(hold, to: .held, until: end, at: now, in: transaction)
            else { return }
            do {
                try take(hold, as: .reservation, at: now, in: transaction)
                try tellHeld(hold, at: now, in: transaction)
            } catch is StockRefusal {
                // Whether the order can have its stock is decided when it is paid.
                _ = try holds.move(hold, to: .expired, until: now, at: now, in: transaction)
            }
        case .converted, .released, .returned, .refused:
            break
        }
    }

    /// Makes an order's pieces its own. A hold that is over, or never was, is made up for.
    func allocate(
        _ order: OrderID, for user: UserID, _ lines: [StockDemand], in transaction: Transaction
    ) throws {
        let now = try sharedNow(transaction)
        do {
            guard let hold = try holds.find(order, in: transaction) else {
                let hold = try demand(
                    of: order, for: user, lines, state: .converted, until: now, in: transaction)
                guard try holds.insert(hold, at: now, in: transaction) else { return }
                try take(hold, as: .allocation, at: now, in: transaction)
                try tellAllocated(order, at: now, in: transaction)
                return
            }
            switch hold.state {
            case .held, .expired:
                let moved = try holds.move(
                    hold, to: .converted, until: hold.expiresAt, at: now, in: transaction)
                guard let moved else { return }
                if hold.state == .held {
                    let moves = hold.moves(.allocation, allocated: 1, reserved: -1)
                    try make(moves, at: now, in: transaction)
                } else {
                    try take(moved, as: .allocation, at: now, in: transaction)
                }
                try tellAllocated(order, at: now, in: transaction)
            case .converted, .released, .returned, .refused:
                // Said already, or the order has ended and its money goes back.
                break
            }
        } catch let refusal as StockRefusal {
            try refuse(order, for: user, because: refusal, at: now, in: transaction)
        }
    }

    /// Gives an order's pieces back, whether they were set aside or its own. One that was not heard
    /// of is noted, so that it gets none later.
    func release(
        _ order: OrderID, of user: UserID, because reason: String, in transaction: Transaction
    ) throws {
        let now = try sharedNow(transaction)
        guard let hold = try holds.find(order, in: transaction) else {
            let hold = StockHold(
                orderID: order, userID: user, state: .released, expiresAt: now, lines: [])
            _ = try holds.insert(hold, at: now, in: transaction)
            return
        }
        let (moves, state, told): ([StockMove], StockHold.State, String?)
        switch hold.state {
        case .held: (moves, state, told) = (hold.moves(.release, reserved: -1), .released, reason)
        case .converted:
            (moves, state, told) = (hold.moves(.return, allocated: -1), .returned, "returned")
        case .expired: (moves, state, told) = ([], .released, nil)
        case .released, .returned, .refused: return
        }
        guard
            try holds.move(hold, to: state, until: hold.expiresAt, at: now, in: transaction) != nil,
            let told
        else { return }
        try make(moves, at: now, in: transaction)
        try outbox.publish(
            StockReleased(orderID: order, reason: told, releasedAt: now), in: transaction)
        StockMetrics.count(state == .returned ? .returned : .released, after: transaction)
    }

    /// Ends a hold if it is over. A note that comes early, because the host's clock runs ahead of
    /// the one that counts, is written again.
    func expire(_ order: OrderID, dueAt end: Date, in transaction: Transaction) throws {
        guard let hold = try holds.find(order, in: transaction), hold.state == .held else {
            return
        }
        let now = try sharedNow(transaction)
        if hold.expiresAt <= now {
            try expire([hold], at: now, in: transaction)
        } else if hold.expiresAt <= end {
            try schedule(hold, at: now, in: transaction)
        }
    }

    // MARK: - Steps

    /// What an order wants, as a hold that is not noted yet.
    ///
    /// - Throws: ``StockRefusal`` for what is not sold, or not in such numbers.
    private func demand(
        of order: OrderID, for user: UserID, _ lines: [StockDemand], state: StockHold.State,
        until end: Date, in transaction: Transaction
    ) throws -> StockHold {
        let demands = StockDemand.grouped(lines)
        let offers = try holds.offers(
            of: demands.map(\.variantID), at: try sharedNow(transaction), in: transaction)
        func refuse(_ reason: StockRefusal.Reason, _ fails: (StockDemand) -> Int?) throws {
            let shortages = demands.compactMap { demand in
                fails(demand).map {
                    StockRefused.Shortage(
                        productID: demand.variantID, requested: demand.quantity, available: $0)
                }
            }.sorted { $0.productID.description < $1.productID.description }
            if !shortages.isEmpty { throw StockRefusal(reason: reason, shortages: shortages) }
        }
        try refuse(.unknownProduct) { offers[$0.variantID] == nil ? 0 : nil }
        try refuse(.notForSale) { offers[$0.variantID]?.isForSale == false ? 0 : nil }
        try refuse(.limitExceeded) { demand in
            guard let quantities = offers[demand.variantID]?.quantities,
                !quantities.contains(demand.quantity) || demand.quantity < 1
            else { return nil }
            return quantities.upperBound
        }
        return StockHold(
            orderID: order, userID: user, state: state, expiresAt: end,
            lines: demands.compactMap { demand in
                offers[demand.variantID].map {
                    StockHold.Line(
                        variantID: demand.variantID, sku: $0.sku, quantity: demand.quantity)
                }
            }.sorted { $0.sku < $1.sku })
    }

    private func refuse(
        _ order: OrderID, for user: UserID, because refusal: StockRefusal, at now: Date,
        in transaction: Transaction
    ) throws {
        if let hold = try holds.find(order, in: transaction) {
            _ = try holds.move(
                hold, to: .refused, until: hold.expiresAt, at: now, in: transaction)
        } else {
            let hold = StockHold(
                orderID: order, userID: user, state: .refused, expiresAt: now, lines: [])
            _ = try holds.insert(hold, at: now, in: transaction)
        }
        try outbox.publish(
            StockRefused(
                orderID: order, reason: refusal.reason.rawValue, shortages: refusal.shortages,
                refusedAt: now), in: transaction)
        StockMetrics.count(.refused, after: transaction)
    }

    private func tellHeld(
        _ hold: StockHold, at now: Date, in transaction: Transaction
    ) throws {
        try outbox.publish(
            StockHeld(orderID: hold.orderID, expiresAt: hold.expiresAt, heldAt: now),
            in: transaction)
        try schedule(hold, at: now, in: transaction)
        StockMetrics.count(.held, after: transaction)
    }

    private func tellAllocated(
        _ order: OrderID, at now: Date, in transaction: Transaction
    ) throws {
        try outbox.publish(StockAllocated(orderID: order, allocatedAt: now), in: transaction)
        StockMetrics.count(.converted, after: transaction)
    }

    /// Has Product look at a hold when it is over. Notes go by the host's clock.
    private func schedule(
        _ hold: StockHold, at now: Date, in transaction: Transaction
    ) throws {
        let wait = hold.expiresAt.timeIntervalSince(now)
        try outbox.publish(
            StockHoldDue(orderID: hold.orderID, expiresAt: hold.expiresAt),
            at: self.now() + wait, in: transaction)
    }
}

extension Duration {
    var seconds: TimeInterval { self / .seconds(1) }
}
