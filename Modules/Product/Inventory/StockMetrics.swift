import Metrics
import Storage

/// Counts what becomes of the stock that orders ask for: `flotilla_stock_reservations_total`.
enum StockMetrics {
    enum Outcome: String, CaseIterable {
        case held, refused, extended, converted, released, returned, expired
    }

    /// Makes every series, so that the first refusal is an increase.
    static func register() {
        for outcome in Outcome.allCases { counter(of: outcome).increment(by: 0) }
    }

    /// Counts once the transaction is durable.
    static func count(_ outcome: Outcome, after transaction: Transaction) {
        transaction.afterCommit { counter(of: outcome).increment() }
    }

    private static func counter(of outcome: Outcome) -> Counter {
        Counter(label: "flotilla.stock.reservations", dimensions: [("outcome", outcome.rawValue)])
    }
}
