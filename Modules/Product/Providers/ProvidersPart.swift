import Platform
import Settings
import Storage

/// The providers of the module.
struct ProvidersPart: ProductPart {
    static let migrations: [MigrationSet] = []

    init(settings: Settings, platform: Platform) throws {
    }
}
