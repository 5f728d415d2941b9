import Events
import Foundation

/// Somebody outside who has offers for a product of ours: hotels, excursions, insurances.
protocol OfferProvider: Sendable {
    /// What the configuration, answers, logs and metrics call it.
    var name: String { get }

    /// What it has for the product now; none is an answer, too.
    ///
    /// Heeds cancellation, for nobody waits longer than a time-out.
    ///
    /// - Throws: whatever keeps it from an answer that can be shown.
    func offers(for product: ProductID) async throws -> [Offer]
}

/// What a provider would sell beside a product. It is shown, never sold by us.
struct Offer: Codable, Sendable, Hashable {
    /// The provider's own, of 1 to 100 characters.
    let id: String
    /// 1 to 200 characters.
    let name: String
    let price: Money
    /// From then on it is not shown any more; `nil` when the provider does not say.
    let validUntil: Date?

    func isValid(at now: Date) -> Bool { validUntil.map { now < $0 } ?? true }
}

/// What a provider last answered about a product.
struct ProviderAnswer: Sendable, Hashable {
    let provider: String
    let offers: [Offer]
    /// When it was asked, by the clock of the process that asked.
    let asOf: Date
}
