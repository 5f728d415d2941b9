import ArgumentParser
import EventBus
import Events
import Foundation
import Product
import Web

/// `flotilla products`
struct ProductsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "products", abstract: "Work on the catalogue.", subcommands: [Import.self])

    /// `flotilla products import`
    struct Import: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "import", abstract: "Bring a CSV file of products into the catalogue.",
            discussion: """
                CSV as in RFC 4180, UTF-8, commas between cells; the first line names the columns.
                Required: \(ProductModule.importColumns.required.joined(separator: ", ")). Optional: \
                \(ProductModule.importColumns.optional.joined(separator: ", ")), attribute.NAME.
                Lines of one "product" become its variants; what tells of the product stands on the \
                first of them and is blank or the same on the others. Prices are minor units: 1999 \
                is 19.99 EUR. Several categories have | between their slugs. "on_hand" counts for \
                new variants alone.

                Good lines are imported, bad ones are told and passed over; to import a file again \
                changes only what is different. Exit code: 0 when all lines were good, 1 when some \
                were bad, 2 when the file can't be read or its columns are not known.
                """)

        @OptionGroup var common: CommonOptions

        @Argument(help: "The file.")
        var file: String

        @Flag(help: "Tell what would happen; change nothing.")
        var dryRun = false

        @Flag(help: "One JSON document on standard output.")
        var json = false

        @Option(help: "Write the bad lines to this file instead of standard output.")
        var report: String?

        func run() async throws {
            let reporter = try ImportReporter(
                report: report, isJSON: json, isTerminal: isatty(STDERR_FILENO) == 1)
            let composition = try common.compose()
            guard let products = composition.modules.compactMap({ $0 as? ProductModule }).first
            else { throw Complaint("the module product does not run with these settings") }
            try await composition.migrate()
            try await composition.bus.mendRestoredLogs()
            let result: ImportProgress
            do {
                result = try await products.importProducts(from: file, isDryRun: dryRun) {
                    reporter.tell($0)
                }
                await composition.close()
            } catch {
                await composition.close()
                reporter.endLine()
                throw Self.complaint(about: error)
            }
            try reporter.finish(result, isDryRun: dryRun)
            if result.badLineCount > 0 { throw ExitCode(1) }
        }

        private static func complaint(about error: any Error) -> any Error {
            switch error {
            case ImportRefusal.unreadable(let reason): Complaint(reason)
            case ImportRefusal.columns(let problems): Complaint(problems)
            case let problem as Problem:
                Complaint([problem.detail] + problem.errors.map { "\($0.pointer) \($0.detail)" })
            case let refusal as any Refusal: Complaint(refusal.answer.detail)
            default: error
            }
        }
    }
}
