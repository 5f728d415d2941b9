import Metrics
import Storage

/// Counts what becomes of payments and refunds, and keeps the last reckoning's imbalance.
enum PaymentMetrics {
    /// Makes every series, so that the first failure is an increase.
    static func register(provider: String) {
        for kind in PaymentOccurrence.Kind.allCases {
            outcome(of: kind).map { counter($0, provider).increment(by: 0) }
        }
    }

    static func count(
        _ kind: PaymentOccurrence.Kind, provider: String, after transaction: Transaction
    ) {
        guard let outcome = outcome(of: kind) else { return }
        transaction.afterCommit { counter(outcome, provider).increment() }
    }

    static func record(imbalance: Int64, currency: String) {
        Gauge(label: "flotilla.payment.imbalance", dimensions: [("currency", currency)])
            .record(imbalance)
    }

    private static func outcome(of kind: PaymentOccurrence.Kind) -> String? {
        switch kind {
        case .captured: "completed"
        case .declined: "failed"
        case .authorized, .unknown, .voided, .expired, .refunded, .refundFailed: kind.rawValue
        case .started, .notSent, .captureSent, .refundStarted: nil
        }
    }

    private static func counter(_ outcome: String, _ provider: String) -> Counter {
        Counter(
            label: "flotilla.payments",
            dimensions: [("outcome", outcome), ("provider", provider)])
    }
}
