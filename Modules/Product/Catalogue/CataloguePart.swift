import Platform
import ServiceLifecycle
import Settings
import Storage
import Web

/// The catalogue of the module: products, their variants and list prices, and categories.
struct CataloguePart: ProductPart {
    static let settings: [any DeclaredSetting] = [starters, locale]
    static let migrations: [MigrationSet] = [catalogueMigrations]

    private static let starters = Setting<Starters>.custom(
        "product.starters", default: .standard, defaultText: Starters.standardText,
        allowed: "ID=AMOUNT CURRENCY entries separated by commas, amounts in minor units",
        "Products that the shop opens with, made once; empty for none.",
        parse: { text in Starters(text) })
    private static let locale = Setting<LanguageTag>.custom(
        "product.locale", default: .english, defaultText: "en",
        allowed: "a language, as in BCP 47: de-AT",
        "Language of products' own names and descriptions.",
        parse: { text in LanguageTag(text) })

    let catalogue: Catalogue
    let categories: Categories
    let starterService: StarterService
    private let idempotency: Idempotency
    private let house: LanguageTag

    init(settings: Settings, platform: Platform) throws {
        catalogue = Catalogue(platform)
        categories = Categories(database: platform.database, now: platform.now)
        idempotency = Idempotency(now: platform.now)
        house = settings[Self.locale]
        starterService = StarterService(
            catalogue: catalogue, starters: settings[Self.starters],
            logger: platform.logger)
    }

    var routes: [Route] {
        ProductRoutes(catalogue: catalogue, idempotency: idempotency, house: house).all
            + CategoryRoutes(categories: categories, idempotency: idempotency).all
    }

    var services: [any Service] { [starterService] }
}
