import Events
import Foundation
import Storage
import Web

/// The rules by which prices differ from the list.
struct PricingRules: Sendable {
    let database: Database
    let sharedNow: @Sendable (Transaction) throws -> Date
    /// Tells products anew whose prices rules make from now on, or no longer: who orders them
    /// needs a quote, or needs none.
    let republish: @Sendable ([ProductID], Transaction) throws -> Void
    let store = PricingStore()

    func list(_ page: PageRequest) async throws -> [PricingRule] {
        try await database.read { try store.list(page, in: $0) }
    }

    /// Makes a rule.
    ///
    /// - Throws: ``PricingError/tooManyRules``.
    func make(_ terms: PricingRule.Terms, in transaction: Transaction) throws -> PricingRule {
        guard try store.count(in: transaction) < PricingStore.ruleCountMax else {
            throw PricingError.tooManyRules
        }
        let now = try sharedNow(transaction).wholeMilliseconds
        let rule = PricingRule(
            id: PricingRuleID(), terms: terms, version: 1, createdAt: now, updatedAt: now)
        try retelling(nil, rule, in: transaction) {
            try store.insert(rule, in: transaction)
        }
        return rule
    }

    /// Replaces a rule's terms.
    ///
    /// - Throws: ``PricingError/ruleNotFound``; `Problem` 412.
    func change(
        _ id: PricingRuleID, to terms: PricingRule.Terms, if condition: VersionCondition?
    ) async throws -> PricingRule {
        try await database.write { transaction in
            let old = try find(id, if: condition, in: transaction)
            guard old.terms != terms else { return old }
            var rule = old
            rule.terms = terms
            rule.version += 1
            rule.updatedAt = try sharedNow(transaction).wholeMilliseconds
            let new = rule
            try retelling(old, new, in: transaction) {
                guard try store.update(new, in: transaction) else { throw Problem.versionMismatch }
            }
            return new
        }
    }

    /// Takes a rule away.
    ///
    /// - Throws: ``PricingError/ruleNotFound``; `Problem` 412.
    func remove(_ id: PricingRuleID, if condition: VersionCondition?) async throws {
        try await database.write { transaction in
            let old = try find(id, if: condition, in: transaction)
            try retelling(old, nil, in: transaction) {
                guard try store.delete(old, in: transaction) else { throw Problem.versionMismatch }
            }
        }
    }

    private func find(
        _ id: PricingRuleID, if condition: VersionCondition?, in transaction: Transaction
    ) throws -> PricingRule {
        guard let rule = try store.find(id, in: transaction) else {
            throw PricingError.ruleNotFound
        }
        if let condition, !condition.admits(rule.version) { throw Problem.versionMismatch }
        return rule
    }

    private func retelling(
        _ old: PricingRule?, _ new: PricingRule?, in transaction: Transaction,
        _ change: () throws -> Void
    ) throws {
        var products: Set<ProductID> = []
        for rule in [old, new].compactMap(\.self) {
            products.formUnion(try store.productsCovered(by: rule, in: transaction))
        }
        let before = try store.ruled(among: products, in: transaction)
        try change()
        let after = try store.ruled(among: products, in: transaction)
        let changed = before.symmetricDifference(after).sorted { $0.description < $1.description }
        if !changed.isEmpty { try republish(changed, transaction) }
    }
}
