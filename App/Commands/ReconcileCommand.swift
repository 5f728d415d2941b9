import ArgumentParser
import Events
import Foundation
import Payment

/// `flotilla reconcile`
struct ReconcileCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reconcile",
        abstract: "Reckon payments against bookings.",
        discussion: "Exit code 0 when they are even, 1 when they are not.")

    @OptionGroup var common: CommonOptions

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        let composition = try common.compose()
        guard let payments = composition.modules.compactMap({ $0 as? PaymentModule }).first else {
            throw Complaint("the module payment does not run with these settings")
        }
        try await composition.migrate()
        let report = try await payments.reconcile()
        await composition.close()
        print(try json ? Self.json(report) : Self.table(report))
        if !report.isBalanced { throw ExitCode(1) }
    }

    private static func json(_ report: ReconciliationReport) throws -> String {
        String(decoding: try FlotillaJSON.encode(report), as: UTF8.self)
    }

    static func table(_ report: ReconciliationReport) -> String {
        let sums =
            [["currency", "received", "due", "in flight", "imbalance"]]
            + report.totals.map {
                [
                    $0.currency.rawValue, "\($0.received)", "\($0.due)", "\($0.inFlight)",
                    "\($0.imbalance)",
                ]
            }
        let differences =
            [["difference", "order", "payment or refund", "received", "due", "since"]]
            + report.differences.map {
                [
                    $0.kind.rawValue, $0.orderID.description,
                    $0.refundID?.description ?? $0.paymentID?.description ?? "-",
                    "\($0.received) \($0.currency.rawValue)", "\($0.due)",
                    FlotillaJSON.rfc3339($0.since),
                ]
            }
        let verdict = report.isBalanced ? "balanced" : "NOT balanced"
        return
            ([columns(sums)] + (report.differences.isEmpty ? [] : [columns(differences)])
            + [verdict]).joined(separator: "\n\n")
    }

    private static func columns(_ rows: [[String]]) -> String {
        let widths = (rows.first ?? []).indices.map { column in
            rows.map { $0[column].count }.max() ?? 0
        }
        return rows.map { row in
            zip(row, widths).map { $0.padding(toLength: $1, withPad: " ", startingAt: 0) }
                .joined(separator: "  ").trimmingCharacters(in: .whitespaces)
        }.joined(separator: "\n")
    }
}
