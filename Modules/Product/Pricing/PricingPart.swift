import Platform
import Settings
import Storage

/// The pricing of the module.
struct PricingPart: ProductPart {
    static let migrations: [MigrationSet] = []

    init(settings: Settings, platform: Platform) throws {
    }
}
