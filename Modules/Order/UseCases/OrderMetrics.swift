import Metrics

/// Counts what becomes of orders.
enum OrderMetrics {
    /// What an order can come to.
    enum Outcome: String, CaseIterable, Sendable {
        case placed
        case confirmed
        case rejected
        case expired
        case cancelled
        case paymentFailed = "payment_failed"
    }

    /// Makes every series, so that the first failure is an increase.
    static func register() {
        for outcome in Outcome.allCases { counter(of: outcome).increment(by: 0) }
    }

    static func count(_ outcomes: [Outcome]) {
        for outcome in outcomes { counter(of: outcome).increment() }
    }

    private static func counter(of outcome: Outcome) -> Counter {
        Counter(label: "flotilla.orders", dimensions: [("outcome", outcome.rawValue)])
    }
}
