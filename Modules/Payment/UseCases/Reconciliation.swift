import Events
import Foundation
import Logging
import ServiceLifecycle
import Storage

/// Reckons payments against bookings: Σ(taken − gone back) = Σ(booked − asked back) + fees.
struct Reconciliation: Sendable {
    let database: Database
    let grace: Duration
    let now: @Sendable () -> Date
    let logger: Logger
    private let store = ReconciliationStore()

    init(
        database: Database, grace: Duration, now: @escaping @Sendable () -> Date, logger: Logger
    ) {
        self.database = database
        self.grace = grace
        self.now = now
        self.logger = logger
    }

    func report() async throws -> ReconciliationReport {
        let limit = now().addingTimeInterval(-(grace / .seconds(1)))
        return try await database.read { [store] transaction in
            let balances = try store.differingOrders(in: transaction)
            let old = balances.filter { $0.since <= limit }
            let inFlight = Dictionary(
                grouping: balances.filter { $0.since > limit }, by: \.currency
            ).mapValues { $0.reduce(0) { $0 + $1.received - $1.due } }
            let totals = try store.totals(in: transaction).map { total in
                let onTheWay = inFlight[total.currency] ?? 0
                return ReconciliationReport.Total(
                    currency: total.currency, received: total.received, due: total.due,
                    inFlight: onTheWay, imbalance: total.received - total.due - onTheWay)
            }
            return ReconciliationReport(
                totals: totals,
                differences: (old.prefix(ReconciliationStore.rowCountMax).map(\.difference)
                    + (try store.openPayments(before: limit, in: transaction))
                    + (try store.openRefunds(before: limit, in: transaction)))
                    .sorted {
                        ($0.since, $0.orderID.description) < ($1.since, $1.orderID.description)
                    })
        }
    }

    /// Reckons when it is time, in one process of all; tells what it found.
    ///
    /// - Returns: the report; `nil` when it was not this process's turn.
    func step(every interval: Duration) async throws -> ReconciliationReport? {
        let now = now()
        let isDue = try await database.write { [store] transaction in
            try store.take("daily", dueAt: now, next: now + interval, in: transaction)
        }
        guard isDue else { return nil }
        let report = try await report()
        for total in report.totals {
            PaymentMetrics.record(
                imbalance: total.imbalance, currency: total.currency.rawValue)
        }
        let metadata: Logger.Metadata = [
            "differences": "\(report.differences.count)",
            "imbalances": "\(report.totals.count { $0.imbalance != 0 })",
        ]
        if report.isBalanced {
            logger.info("payments and bookings are even", metadata: metadata)
        } else {
            logger.error("payments and bookings differ", metadata: metadata)
        }
        return report
    }
}

/// Reckons again and again until shutdown.
struct ReconciliationService: Service {
    /// Whose turn it is stands in the database: looking is cheap, and a restart forgets nothing.
    private static let lookInterval = Duration.seconds(60)

    let reconciliation: Reconciliation
    let interval: Duration

    func run() async {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    _ = try await reconciliation.step(every: interval)
                } catch  where !Task.isCancelled {
                    reconciliation.logger.warning(
                        "payments were not reckoned up", metadata: ["error": "\(error)"])
                } catch {}
                try? await ContinuousClock().sleep(for: min(interval, Self.lookInterval))
            }
        }
    }
}
