import EventBus
import Platform
import Settings
import Storage
import Web

/// What somebody may like.
struct RecommendationsPart: ProductPart {
    static let migrations: [MigrationSet] = [recommendationMigrations]

    let recommendations: Recommendations

    init(settings: Settings, platform: Platform) throws {
        recommendations = Recommendations(database: platform.database, now: platform.now)
    }

    var routes: [Route] { RecommendationRoutes(recommendations: recommendations).all }

    var subscriptions: [Subscription] { [preferencesSubscription, purchasesSubscription] }
}
