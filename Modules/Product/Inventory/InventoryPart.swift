import Platform
import Settings
import Storage

/// The inventory of the module.
struct InventoryPart: ProductPart {
    static let migrations: [MigrationSet] = [inventoryMigrations]

    init(settings: Settings, platform: Platform) throws {
    }
}
