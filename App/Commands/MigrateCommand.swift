import ArgumentParser
import Events
import Platform
import Settings
import Storage

/// `flotilla migrate`
struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate", abstract: "Bring the schemas up to date, or show where they stand.")

    @OptionGroup var common: CommonOptions

    @Flag(help: "Show where every step stands; change nothing.")
    var status = false

    @Flag(
        help: """
            PostgreSQL: make a role a module, flotilla_<module>, that owns its schema and reaches \
            no other.
            """)
    var roles = false

    @Flag(help: "One JSON document on standard output.")
    var json = false

    func validate() throws {
        if status, roles { throw ValidationError("--status changes nothing, --roles does") }
    }

    func run() async throws {
        if roles { try refuseFiles() }
        let composition = try common.compose(isCreating: !status)
        let before = try await composition.migrationStatus()
        if !status { try await composition.migrate() }
        let owners = roles ? try await makeRoles(composition) : []
        let after = status ? before : try await composition.migrationStatus()
        await composition.close()
        if json {
            try printJSON(Items(items: after))
        } else {
            for step in after { print(line(step)) }
            let pendingCount = before.count { $0.appliedAt == nil }
            for owner in owners { print(owner) }
            print(status ? "\(pendingCount) pending" : "\(pendingCount) applied")
        }
    }

    /// Before anything is made.
    private func refuseFiles() throws {
        let (_, settings) = try common.load()
        for type in try ModuleList.selected(by: settings) {
            let url = settings.storageURL(ofModule: type.name)
            if case .sqlite = url {
                throw Complaint("--roles needs PostgreSQL; \(type.name) is on SQLite")
            }
        }
    }

    private func makeRoles(_ composition: Composition) async throws -> [String] {
        var owners: [String] = []
        for (module, database) in composition.databases.sorted(by: { $0.key < $1.key }) {
            if let role = try await database.makeRole() {
                owners.append("\(module)  owned by \(role)")
            }
        }
        return owners
    }

    private func line(_ step: MigrationStatus) -> String {
        let applied = step.appliedAt.map(FlotillaJSON.rfc3339) ?? "pending"
        return "\(step.database)  \(step.component) \(step.version)  \(step.name)  \(applied)"
    }
}
