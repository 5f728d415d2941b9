import Events
import Web

/// What the caller may like.
struct RecommendationRoutes: Sendable {
    let recommendations: Recommendations

    var all: [Route] {
        [.get("/api/v1/recommendations", access: .authenticated, list)]
    }

    @Sendable private func list(_ request: WebRequest) async throws -> WebResponse {
        let best = try await recommendations.best(
            request.page().limit, for: request.caller().userID)
        return try .json(
            RecommendationListBody(items: best.map { RecommendationBody($0, price: $1) }))
    }
}

private struct RecommendationListBody: Encodable {
    let items: [RecommendationBody]
}

private struct RecommendationBody: Encodable {
    struct Product: Encodable {
        let id: ProductID
        let name: String
        let kind: String
        let price: Money?
    }

    struct Reason: Encodable {
        let code: String
        let detail: String
    }

    let product: Product
    let score: Int
    let reasons: [Reason]

    init(_ recommendation: Recommendation, price: Money?) {
        let product = recommendation.product
        self.product = Product(
            id: product.id, name: product.name, kind: product.kind, price: price)
        score = recommendation.score
        reasons = recommendation.reasons.map {
            Reason(code: $0.code.rawValue, detail: $0.detail)
        }
    }
}
