import Events
import Foundation
import Web

/// What others offer beside a product.
struct OfferRoutes: Sendable {
    let offers: Offers

    var all: [Route] {
        [.get("/api/v1/products/{id}/offers", access: .anyone, show)]
    }

    @Sendable private func show(_ request: WebRequest) async throws -> WebResponse {
        guard let found = try await offers.all(for: request.id()) else {
            throw Problem.notFound(code: "product.not_found", "there is no such product")
        }
        return try .json(OfferListBody(items: found.map(ProviderOffersBody.init)))
    }
}

private struct OfferListBody: Encodable {
    let items: [ProviderOffersBody]
}

private struct ProviderOffersBody: Encodable {
    let provider: String
    let isAvailable: Bool
    let isStale: Bool
    let asOf: Date?
    let ageSeconds: Int64?
    let offers: [Offer]

    init(_ found: ProviderOffers) {
        provider = found.provider
        isAvailable = found.answer != nil
        isStale = found.isStale
        asOf = found.answer?.asOf
        ageSeconds = found.answer.map { _ in found.age.components.seconds }
        offers = found.answer?.offers ?? []
    }
}
