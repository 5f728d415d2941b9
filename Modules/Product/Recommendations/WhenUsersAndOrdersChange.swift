import EventBus
import OrderContract
import UserContract

extension RecommendationsPart {
    /// Learns what users say of themselves.
    var preferencesSubscription: Subscription {
        let recommendations = recommendations
        return Subscription(
            "product.preferences", replay: .repeated,
            [
                .on(UserProfileUpdated.self) { event, _, transaction in
                    try recommendations.learn(
                        event.preferences, of: event.userID, in: transaction)
                },
                .on(UserDeleted.self) { event, _, transaction in
                    try recommendations.forget(
                        event.userID, at: event.deletedAt, in: transaction)
                },
            ])
    }

    /// Learns what is booked, by whom, and with what.
    var purchasesSubscription: Subscription {
        let recommendations = recommendations
        return Subscription(
            "product.purchases", replay: .repeated,
            [
                .on(OrderConfirmed.self) { event, _, transaction in
                    try recommendations.learn(event, in: transaction)
                },
                .on(UserDeleted.self) { event, _, transaction in
                    try recommendations.forget(
                        event.userID, at: event.deletedAt, in: transaction)
                },
            ])
    }
}
