import Platform
import Settings
import Storage

/// The recommendations of the module.
struct RecommendationsPart: ProductPart {
    static let migrations: [MigrationSet] = []

    init(settings: Settings, platform: Platform) throws {
    }
}
