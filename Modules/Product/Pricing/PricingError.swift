import HTTPTypes
import Web

/// What Pricing refuses.
enum PricingError: Error, Hashable, CaseIterable {
    case ruleNotFound
    case tooManyRules
    case quoteNotFound
    case totalTooLarge
}

extension PricingError: Refusal {
    var answer: (code: String, status: HTTPResponse.Status, detail: String) {
        switch self {
        case .ruleNotFound:
            ("pricing.rule_not_found", .notFound, "there is no such rule")
        case .tooManyRules:
            (
                "pricing.too_many_rules", .conflict,
                "there can't be more than \(PricingStore.ruleCountMax) rules"
            )
        case .quoteNotFound:
            ("pricing.quote_not_found", .notFound, "there is no such quote")
        case .totalTooLarge:
            ("pricing.total_too_large", .unprocessableContent, "the total is too large")
        }
    }
}
