import Events
import Foundation
import Storage

/// One line of an order's story. Nothing personal is in it.
struct TimelineEntry: Sendable, Hashable {
    let seq: Int
    let at: Date
    let occurrence: Occurrence
    let from: OrderState
    let to: OrderState
    let actor: Actor
    let detail: Detail

    /// Who made it happen.
    struct Actor: Sendable, Hashable {
        let kind: Kind
        let id: UserID?

        enum Kind: String, SQLConvertible, Sendable {
            case customer
            case administrator
            case house
        }

        static let house = Actor(kind: .house, id: nil)
        static func customer(_ id: UserID) -> Actor { Actor(kind: .customer, id: id) }
        static func administrator(_ id: UserID) -> Actor {
            Actor(kind: .administrator, id: id)
        }
    }

    /// What there is to say besides; which fields are there depends on the occurrence.
    struct Detail: Codable, Sendable, Hashable {
        /// Why the order stayed as it was.
        var note: String?
        /// Machine code.
        var reason: String?
        var attempt: Int?
        var paymentID: PaymentID?
        var refundID: RefundID?
        var amount: Money?
        var fee: Money?

        private enum CodingKeys: String, CodingKey {
            case paymentID = "paymentId"
            case refundID = "refundId"
            case note, reason, attempt, amount, fee
        }
    }
}
