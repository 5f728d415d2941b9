import Events
import Foundation

/// A product that somebody may like, and why.
struct Recommendation: Sendable, Hashable {
    let product: RecommendableProduct
    /// The points of all reasons.
    var score: Int { reasons.reduce(0) { $0 + $1.points } }
    /// The weightiest first.
    let reasons: [Reason]
}

/// What there is to recommend.
struct RecommendableProduct: Sendable, Hashable {
    let id: ProductID
    let name: String
    let kind: String
    let createdAt: Date
}

/// Why a product is recommended. Each is worth points, and says of what.
struct Reason: Sendable, Hashable {
    /// Permanent: clients switch over it.
    enum Code: String, Sendable, CaseIterable {
        case category = "preference_category"
        case attribute = "preference_attribute"
        case name = "preference_name"
        case boughtTogether = "bought_together"
        case popular
        case new
    }

    let code: Code
    /// The preferred word, the name of the product that was booked, or a number of bookings.
    let detail: String
    let points: Int

    /// A product of a category that the user named, one with such an attribute, one called so. Of
    /// several ways in which one word fits, the weightiest counts.
    static func preference(_ word: String, weight: Int) -> Reason {
        let code: Code = weight >= 30 ? .category : weight >= 20 ? .attribute : .name
        return Reason(code: code, detail: word, points: weight)
    }

    /// Booked in one order with something that the user booked: five orders say all there is.
    static func boughtTogether(with name: String, orderCount: Int) -> Reason {
        Reason(code: .boughtTogether, detail: name, points: 10 * min(orderCount, 5))
    }

    /// Booked by many; less than one word that fits, however many.
    static func popular(orderCount: Int) -> Reason {
        Reason(
            code: .popular, detail: orderCount == 1 ? "1 booking" : "\(orderCount) bookings",
            points: min(orderCount, 9))
    }

    /// Nothing else is known of it.
    static let new = Reason(code: .new, detail: "recently added", points: 0)
}

extension Recommendation {
    /// What was found, best first; the newer of equals first, then by id: equal facts are told in
    /// equal order.
    static func ranked(
        _ products: [RecommendableProduct], reasons: [ProductID: [Reason]], limit: Int
    ) -> [Recommendation] {
        products.map { product in
            let known = reasons[product.id] ?? [.new]
            return Recommendation(
                product: product,
                reasons: known.sorted {
                    ($1.points, $0.code.rawValue, $0.detail)
                        < ($0.points, $1.code.rawValue, $1.detail)
                })
        }.sorted { left, right in
            if left.score != right.score { return left.score > right.score }
            if left.product.createdAt != right.product.createdAt {
                return left.product.createdAt > right.product.createdAt
            }
            return left.product.id.description < right.product.id.description
        }.prefix(limit).map(\.self)
    }
}
