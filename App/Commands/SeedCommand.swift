import ArgumentParser
import Foundation
import Logging
import Payment
import Platform
import Settings
import User
import Web

/// `flotilla seed`
struct SeedCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "seed",
        abstract: "Fill a travel shop to try things out with: the same one each time.",
        discussion: """
            200 products with dates, prices in several currencies and texts in English and German, \
            a tree of categories, rules of prices, 50 users with addresses and likings, and orders \
            in every state that orders and payments can have. Names, SKUs, numbers and states are \
            the same each time; dates are counted from today.

            What is there already stays as it is, so running it again adds nothing, and goes on \
            where it was interrupted. It may run beside a server, whose settings then have the say \
            in how orders end: nothing expires in time unless its order.paymentWindow is short.

            All users, and the administrator \(SeedProcess.administrator), have one password. Not \
            for production, nor for a payment provider that moves money. Exit code 2 for those, 1 \
            when something did not work out.
            """)

    static let standardPassword = "sails of the flotilla"
    private static let needed = ["user", "product", "order", "payment"]

    @OptionGroup var common: CommonOptions

    @Option(help: "The password of all users that it makes.")
    var password = Self.standardPassword

    @Flag(help: "One JSON document on standard output.")
    var json = false

    func run() async throws {
        LoggingSystem.bootstrap { _ in SwiftLogNoOpLogHandler() }
        try check(try common.load().1)
        let reporter = SeedReporter(isTerminal: isatty(STDERR_FILENO) == 1)
        do {
            let result = try await seed(reporter)
            reporter.end()
            try tell(result)
        } catch let failure as SeedFailure {
            reporter.end()
            throw Told(description: failure.text)
        } catch is CancellationError {
            reporter.end()
            throw Told(description: "interrupted: to run it again goes on where it stopped")
        } catch let problem as Problem {
            reporter.end()
            throw Complaint(problem.errors.map { "--\($0.pointer.dropFirst()) \($0.detail)" })
        }
    }

    /// One line and exit code 1.
    private struct Told: Error, CustomStringConvertible {
        let description: String
    }

    /// - Throws: ``Complaint`` where it must not run, or can't.
    private func check(_ settings: Settings) throws {
        guard settings[AppSettings.environment] != .production else {
            throw Complaint("environment is production: demo data has no place there")
        }
        let here = Set(try ModuleList.selected(by: settings).map { $0.name })
        let missing = Self.needed.filter { !here.contains($0) }
        guard missing.isEmpty else {
            throw Complaint(
                "seed needs the modules \(Self.needed.joined(separator: ", ")) in one process:"
                    + " \(missing.joined(separator: ", ")) "
                    + "\(missing.count == 1 ? "does" : "do") not run with these settings")
        }
        guard !PaymentModule.movesMoney(settings) else {
            throw Complaint("payment.provider moves money: demo orders are for the simulated one")
        }
    }

    private func seed(_ reporter: SeedReporter) async throws -> SeedResult {
        let password = password
        // Declined payments can be tried again for a day.
        let process = try process(["order.paymentWindow": "24h"])
        let (result, isExpiryMissing) = try await process.run { client, token in
            let seeder = Seeder(
                client: client, administratorToken: token, password: password,
                reporter: reporter)
            let isExpiryMissing = try await seeder.fill()
            return (try await seeder.summary(), isExpiryMissing)
        }
        guard isExpiryMissing else { return result }
        return try await self.process(["order.paymentWindow": "1s"]).run { client, token in
            let seeder = Seeder(
                client: client, administratorToken: token, password: password,
                reporter: reporter, result: result)
            try await seeder.fillExpired()
            return try await seeder.summary()
        }
    }

    /// The process that serves it, with settings that do not leave anything to chance.
    private func process(_ flags: [String: String]) throws -> SeedProcess {
        let (list, settings) = try common.load(
            flags: flags.merging([
                "payment.simulated.successPercentage": "100", "payment.capture": "automatic",
                "auth.concealAccounts": "false", "auth.requireVerifiedEmail": "false",
            ]) { $1 })
        // A guest leaves a server that runs its share of the work.
        let composition = try Composition(
            list: list, settings: settings, consumers: Set(list.modulesOfConsumers.keys))
        return SeedProcess(composition: composition, password: password)
    }

    private func tell(_ result: SeedResult) throws {
        let isTold = result.users.made > 0 && password == Self.standardPassword
        let shown = isTold ? password : nil
        if json {
            try printJSON(
                Summary(
                    result: result, administrator: SeedProcess.administrator, password: shown))
        } else {
            print(Self.text(result, password: shown))
        }
    }

    static func text(_ result: SeedResult, password: String?) -> String {
        func line(_ name: String, _ count: SeedResult.Count, _ more: String = "") -> String {
            name.padding(toLength: 15, withPad: " ", startingAt: 0)
                + "\(count.made) made, \(count.found) there already\(more)"
        }
        func states(_ name: String, _ states: [String: Int]) -> String {
            name.padding(toLength: 15, withPad: " ", startingAt: 0)
                + states.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
                .joined(separator: ", ")
        }
        return [
            line("categories", result.categories),
            line("products", result.products, ", with \(result.variants) variants"),
            line("pricing rules", result.pricingRules),
            line("users", result.users),
            line("orders", result.orders),
            states("  are", result.orderStates),
            states("  payments", result.paymentStates),
            "log in as \(SeedPerson.all[0].email) or \(SeedProcess.administrator), "
                + (password.map { "password: \($0)" }
                    ?? "with the password that they were made with"),
        ].joined(separator: "\n")
    }

    private struct Summary: Encodable {
        let result: SeedResult
        let administrator: String
        let password: String?

        /// The result's fields and the others side by side.
        func encode(to encoder: any Encoder) throws {
            try result.encode(to: encoder)
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(administrator, forKey: .administrator)
            try container.encodeIfPresent(password, forKey: .password)
        }

        private enum CodingKeys: CodingKey { case administrator, password }
    }
}
