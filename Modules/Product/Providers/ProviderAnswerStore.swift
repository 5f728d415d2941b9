import Events
import Foundation
import Storage

/// The last good answer of each provider about each product that somebody asked about.
struct ProviderAnswerStore: Sendable {
    /// Whether there is such a product for everybody to see.
    func isShown(_ product: ProductID, in transaction: Transaction) throws -> Bool {
        try transaction.first(
            "SELECT 1 AS one FROM products WHERE id = \(product) AND status = 'active'") != nil
    }

    /// By the provider's name. As many as there ever were providers: a handful.
    func answers(
        about product: ProductID, in transaction: Transaction
    ) throws -> [String: ProviderAnswer] {
        let rows = try transaction.rows(
            """
            SELECT provider, offers, answered_at FROM provider_answers
            WHERE product_id = \(product) LIMIT 1000
            """)
        return try Dictionary(
            uniqueKeysWithValues: rows.map { row in
                let answer = ProviderAnswer(
                    provider: try row.get("provider"),
                    offers: try FlotillaJSON.decode(
                        [Offer].self, from: try row.get("offers")),
                    asOf: try row.get("answered_at"))
                return (answer.provider, answer)
            })
    }

    /// Keeps an answer, unless a later one is kept already.
    func put(
        _ answer: ProviderAnswer, about product: ProductID, in transaction: Transaction
    ) throws {
        let offers = JSON(try FlotillaJSON.encode(answer.offers))
        try transaction.execute(
            """
            INSERT INTO provider_answers (provider, product_id, offers, answered_at)
            VALUES (\(answer.provider), \(product), \(offers), \(answer.asOf))
            ON CONFLICT (provider, product_id) DO UPDATE
            SET offers = excluded.offers, answered_at = excluded.answered_at
            WHERE excluded.answered_at > provider_answers.answered_at
            """)
    }
}
