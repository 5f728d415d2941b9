import ArgumentParser
import EventBus
import Foundation
import User
import Web

/// `flotilla admin`
struct AdminCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "admin", abstract: "Administer the system from its own machine.",
        subcommands: [CreateUser.self])

    static let passwordVariable = "FLOTILLA_ADMIN_PASSWORD"

    /// `flotilla admin create-user`
    struct CreateUser: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "create-user",
            abstract: "Create an administrator, or make one of an existing user.",
            discussion: "The password is read from \(passwordVariable), or else from the first"
                + " line of standard input. An existing user with a confirmed address keeps theirs."
        )

        @OptionGroup var common: CommonOptions

        @Option(help: "E-mail address of the administrator.")
        var email: String

        func run() async throws {
            let composition = try common.compose()
            guard let users = composition.modules.compactMap({ $0 as? UserModule }).first else {
                throw Complaint("the module user does not run with these settings")
            }
            try await composition.migrate()
            try await composition.bus.mendRestoredLogs()
            do {
                print(try await users.createAdministrator(email: email, password: try password()))
            } catch let problem as Problem {
                throw Complaint(
                    problem.errors.map { "\($0.pointer.dropFirst()) \($0.detail)" })
            }
            await composition.close()
        }

        private func password() throws -> String {
            if let password = ProcessInfo.processInfo.environment[passwordVariable] {
                return password
            }
            guard let line = readLine(strippingNewline: true), !line.isEmpty else {
                throw Complaint(
                    "no password: set \(passwordVariable), or write it to standard input")
            }
            return line
        }
    }
}
