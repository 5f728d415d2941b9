import Platform
import ServiceLifecycle
import Settings
import Storage
import Web

/// What others offer beside our products.
struct ProvidersPart: ProductPart {
    static let settings = ProviderSettings.declared
    static let migrations: [MigrationSet] = [providerMigrations]

    private let offers: Offers
    private let connections: ProviderConnections

    init(settings: Settings, platform: Platform) throws {
        let settings = ProviderSettings(settings)
        let connections = ProviderConnections(connectionCountMax: settings.concurrency)
        let providers = settings.addresses.map {
            HTTPOfferProvider(address: $0, timeout: settings.timeout, connections: connections)
        }
        offers = Offers(providers, settings: settings, platform: platform)
        self.connections = connections
    }

    var routes: [Route] { OfferRoutes(offers: offers).all }

    var services: [any Service] { [connections] }
}
