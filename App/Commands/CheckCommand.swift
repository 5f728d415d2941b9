import ArgumentParser
import Platform
import Storage

/// `flotilla check`
struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Validate the configuration and reach every component that it names.")

    /// A component that takes longer is as good as away.
    private static let timeout = Duration.seconds(10)

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let composition = try common.compose()
        var problems: [String] = []
        for check in checks(of: composition) {
            do {
                try await check.run(within: Self.timeout)
                print("ok    \(check.name)")
            } catch {
                problems.append("\(check.name): \(error)")
            }
        }
        await composition.close()
        guard problems.isEmpty else { throw Complaint(problems) }
    }

    private func checks(of composition: Composition) -> [Check] {
        composition.databases.sorted { $0.key < $1.key }.map { name, database in
            Check("database.\(name)") {
                _ = try await database.read { try $0.first("SELECT 1 AS one") }
            }
        } + composition.modules.flatMap(\.checks)
    }
}
