import EventBus
import Events
import Foundation
import Platform
import ProductContract
import Storage
import Web

/// How many pieces there are, and whose they are. Nothing is ever sold twice: each change is one
/// conditional statement on the variant's row, with its row in the ledger, in one transaction.
struct Stock: Sendable {
    let database: Database
    let outbox: Outbox
    /// The host's time, by which scheduled events are let go.
    let now: @Sendable () -> Date
    /// The time by which holds end: one clock for all processes.
    let sharedNow: @Sendable (Transaction) throws -> Date
    let store = StockStore()
    let holds = HoldStore()

    init(platform: Platform) {
        database = platform.database
        outbox = platform.outbox
        now = platform.now
        sharedNow = { try platform.sharedNow($0).wholeMilliseconds }
    }

    /// Notes how many pieces there are of a new variant. That is part of its creation: no event.
    func create(
        _ variant: VariantID, of product: ProductID, sku: String, onHand: Int,
        overbookingPercent: Int, customerMax: Int?, at now: Date, in transaction: Transaction
    ) throws {
        try store.insert(
            StockLevel(
                variantID: variant, productID: product, sku: sku, onHand: onHand, allocated: 0,
                reserved: 0, overdue: 0, overbookingPercent: overbookingPercent,
                customerMax: customerMax, isOut: onHand == 0, version: 1),
            at: now, in: transaction)
        let move = StockMove(
            variantID: variant, sku: sku, kind: .adjustment, onHand: onHand, reason: "created")
        if onHand > 0 { try store.note(move, at: now, in: transaction) }
    }

    /// The levels of variants, in one statement; unknown ones are absent.
    func levels(
        of variants: [VariantID], at now: Date, in transaction: Transaction
    ) throws -> [VariantID: StockLevel] {
        try store.levels(of: variants, at: now, in: transaction)
    }

    /// Replaces what may be sold beyond what there is, and to one customer.
    ///
    /// - Throws: ``InventoryError/unknownVariant``, ``InventoryError/belowCommitted``.
    func setLimits(
        of variant: VariantID, overbookingPercent: Int, customerMax: Int?, at now: Date,
        in transaction: Transaction
    ) throws {
        let seen = try level(of: variant, at: now, in: transaction)
        guard
            seen.overbookingPercent != overbookingPercent || seen.customerMax != customerMax
        else { return }
        let new = seen.with(overbookingPercent: overbookingPercent, customerMax: customerMax)
        try replace(seen, with: new, by: nil, because: "limits", at: now, in: transaction)
    }

    /// A variant's level as it is now.
    ///
    /// - Throws: ``InventoryError/unknownVariant``.
    func level(of variant: VariantID) async throws -> StockLevel {
        try await database.read { transaction in
            try level(of: variant, at: try sharedNow(transaction), in: transaction)
        }
    }

    /// Takes the result of a count: so many pieces there are.
    ///
    /// - Parameters:
    ///   - change: what becomes of the level that was seen.
    ///   - condition: the version that was seen; any when `nil`.
    /// - Throws: ``InventoryError/unknownVariant``, ``InventoryError/belowCommitted``;
    ///   `Problem` 412.
    func set(
        _ variant: VariantID, if condition: VersionCondition?, by actor: String,
        because reason: String, _ change: @escaping @Sendable (StockLevel) -> StockLevel
    ) async throws -> StockLevel {
        try await database.write { transaction in
            let now = try sharedNow(transaction)
            let seen = try level(of: variant, at: now, in: transaction)
            if let condition, !condition.admits(seen.version) { throw Problem.versionMismatch }
            return try replace(
                seen, with: change(seen), by: actor, because: reason, at: now, in: transaction)
        }
    }

    /// Adds pieces, or takes some away.
    ///
    /// - Throws: ``InventoryError/unknownVariant``, ``InventoryError/belowCommitted``,
    ///   ``InventoryError/tooMany``.
    func adjust(
        _ variant: VariantID, by delta: Int, actor: String, because reason: String,
        in transaction: Transaction
    ) throws -> StockLevel {
        let now = try sharedNow(transaction)
        let seen = try level(of: variant, at: now, in: transaction)
        let move = StockMove(
            variantID: variant, sku: seen.sku, kind: .adjustment, onHand: delta, actor: actor,
            reason: reason)
        if try makeAlone(move, at: now, in: transaction) == nil {
            // A level that was seen may be older than the one that refused.
            guard delta < 0 else { throw InventoryError.tooMany }
            try tidy([variant], at: now, in: transaction)
            guard try makeAlone(move, at: now, in: transaction) != nil else {
                throw InventoryError.belowCommitted
            }
        }
        return try level(of: variant, at: now, in: transaction)
    }

    /// A page of a variant's ledger, newest first, one more than there is room for.
    ///
    /// - Throws: ``InventoryError/unknownVariant``.
    func movements(
        of variant: VariantID, before id: Int64?, limit: Int
    ) async throws -> [StockMovement] {
        try await database.read { transaction in
            _ = try level(of: variant, at: try sharedNow(transaction), in: transaction)
            return try store.movements(
                of: variant, before: id, limit: limit + 1, in: transaction)
        }
    }

    func level(
        of variant: VariantID, at now: Date, in transaction: Transaction
    ) throws -> StockLevel {
        guard let level = try levels(of: [variant], at: now, in: transaction)[variant] else {
            throw InventoryError.unknownVariant
        }
        return level
    }

    @discardableResult
    private func replace(
        _ seen: StockLevel, with new: StockLevel, by actor: String?, because reason: String,
        at now: Date, in transaction: Transaction
    ) throws -> StockLevel {
        let move = StockMove(
            variantID: seen.variantID, sku: seen.sku, kind: .adjustment,
            onHand: new.onHand - seen.onHand, actor: actor, reason: reason)
        let replace = {
            try store.replace(seen, with: new, because: move, at: now, in: transaction)
        }
        var replaced = try replace()
        if replaced == nil {
            try tidy([seen.variantID], at: now, in: transaction)
            replaced = try replace()
        }
        guard let replaced else {
            let current = try level(of: seen.variantID, at: now, in: transaction)
            if current.version != seen.version { throw Problem.versionMismatch }
            throw InventoryError.belowCommitted
        }
        if new.onHand != seen.onHand || new.capacity != seen.capacity {
            try tell([(move, replaced)], at: now, in: transaction)
        }
        return try level(of: seen.variantID, at: now, in: transaction)
    }
}

extension StockLevel {
    /// The level with other limits, and another number of pieces where one is given.
    func with(onHand: Int? = nil, overbookingPercent: Int, customerMax: Int?) -> StockLevel {
        StockLevel(
            variantID: variantID, productID: productID, sku: sku, onHand: onHand ?? self.onHand,
            allocated: allocated, reserved: reserved, overdue: overdue,
            overbookingPercent: overbookingPercent, customerMax: customerMax, isOut: isOut,
            version: version)
    }
}
