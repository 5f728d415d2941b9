import Platform
import Settings
import Storage
import Web

/// The pricing of the module: rules beside the list prices, and quotes that keep a price.
struct PricingPart: ProductPart {
    static let settings: [any DeclaredSetting] = [quoteDuration]
    static let migrations: [MigrationSet] = [pricingMigrations]

    private static let quoteDuration = Setting<Duration>.duration(
        "product.quoteDuration", default: .seconds(900), in: .seconds(1)...(.seconds(86_400)),
        "How long a quoted price holds.")

    private let quotes: Quotes
    private let rules: PricingRules
    private let idempotency: Idempotency

    init(settings: Settings, platform: Platform) throws {
        let catalogue = Catalogue(platform)
        quotes = Quotes(
            database: platform.database, outbox: platform.outbox,
            stock: Stock(platform: platform), duration: settings[Self.quoteDuration],
            sharedNow: platform.sharedNow)
        rules = PricingRules(
            database: platform.database, sharedNow: platform.sharedNow,
            republish: { try catalogue.retell($0, changedFields: ["variants"], in: $1) })
        idempotency = Idempotency(now: platform.now)
    }

    var routes: [Route] {
        PricingRoutes(quotes: quotes, rules: rules, idempotency: idempotency).all
    }
}
