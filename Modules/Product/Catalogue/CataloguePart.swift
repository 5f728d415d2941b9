import Platform
import Settings
import Storage

/// The catalogue of the module.
struct CataloguePart: ProductPart {
    static let migrations: [MigrationSet] = [catalogueMigrations]

    init(settings: Settings, platform: Platform) throws {
    }
}
