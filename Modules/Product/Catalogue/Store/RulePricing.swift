import Events
import Storage

/// Which variants have prices made by rules.
struct RulePricing: Sendable {
    /// Those among the given ones that a rule is for.
    func variants(
        among ids: [VariantID], in transaction: Transaction
    ) throws -> Set<VariantID> { [] }
}
