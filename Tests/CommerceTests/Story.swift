import Events
import FlotillaTesting
import Foundation
import Storage

@testable import Order
@testable import Payment

/// What customers do and the provider answers, with the end that it comes to in a world where
/// nothing goes wrong.
enum Story: String, CaseIterable, Sendable {
    case paid
    case stockRefused
    case declined
    /// The answer is lost; the provider is asked and says that it succeeded, or did not.
    case lostThenPaid
    case lostThenDeclined
    case toldTwice
    /// The money comes after minutes: in time, or after the order's deadline.
    case lateInTime
    case tooLate
    /// The first payment fails and the second succeeds.
    case paidAtSecondTry
    case cancelledAtOnce
    case cancelledWhilePaid
    case cancelledAtFee
    /// The answer to the refund is lost.
    case cancelledFreely
    /// Money is set aside and nobody takes it, or somebody does.
    case expired
    case captured
    /// Two orders for the last room.
    case rivals
    /// The same, where a hold is over before its order's payment is asked for.
    case rivalsInHaste
    /// A hold is over before the money comes, and somebody else has got the room meanwhile.
    case roomLost

    /// What the modules are configured with.
    var settings: [String: String] {
        var settings = [
            "order.paymentWindow": "60s", "payment.reconcileGrace": "0s",
            "payment.authorizationLifetime": "120s", "order.welcomeOrder": "false",
            "payment.simulated.successPercentage": "\(Shop.successPercentage)",
        ]
        switch self {
        case .lateInTime: settings["order.paymentWindow"] = "300s"
        case .expired, .captured: settings["payment.capture"] = "manual"
        case .rivalsInHaste: settings["product.holdDuration"] = "1s"
        default: break
        }
        return settings
    }

    /// Rooms on the shelf.
    var roomCount: Int {
        switch self {
        case .rivals, .rivalsInHaste, .roomLost, .stockRefused: 1
        default: 5
        }
    }

    /// What the orders can come to, as `state/paymentStatus`, in any order.
    var endings: Set<[String]> {
        switch self {
        case .paid, .lostThenPaid, .toldTwice, .lateInTime, .paidAtSecondTry, .captured:
            [["confirmed/paid"]]
        case .stockRefused: [["rejected/none"]]
        case .declined, .lostThenDeclined: [["cancelled/failed"]]
        case .tooLate: [["expired/refunded"]]
        case .cancelledAtOnce:
            [["cancelled/none"], ["cancelled/failed"], ["cancelled/refunded"]]
        case .cancelledWhilePaid, .cancelledFreely: [["cancelled/refunded"]]
        case .cancelledAtFee: [["cancelled/partially_refunded"]]
        case .expired: [["expired/voided"]]
        case .rivals: [["confirmed/paid", "rejected/none"]]
        case .roomLost: [["confirmed/paid", "rejected/refunded"]]
        case .rivalsInHaste:
            [["confirmed/paid", "rejected/none"], ["confirmed/paid", "rejected/refunded"]]
        }
    }

    /// What they can come to besides, where something goes wrong.
    var otherEndings: Set<[String]> {
        switch self {
        // Whoever comes back asks once more, so that the money is heard of before the deadline.
        case .tooLate: [["confirmed/paid"]]
        // The first has its money before its room is lost.
        case .roomLost: [["confirmed/paid", "rejected/none"]]
        default: []
        }
    }

    /// Plays it to the point from which on the modules need nobody.
    func play(in shop: Shop) async throws {
        var orders = [1]
        switch self {
        case .paid: try await shop.place(1, total: 16_600)
        case .stockRefused: try await shop.place(1, total: 16_600, rooms: 2)
        case .declined: try await shop.place(1, total: 16_601)
        case .lostThenPaid: try await shop.place(1, total: 16_604)
        case .lostThenDeclined: try await shop.place(1, total: 16_605)
        case .toldTwice: try await shop.place(1, total: 16_606)
        case .lateInTime, .tooLate: try await shop.place(1, total: 16_607)
        case .paidAtSecondTry: orders = [try await playSecondTry(in: shop)]
        case .cancelledAtOnce:
            try await shop.place(1, total: 16_600)
            try await shop.simulation.wait(
                for: .milliseconds(Int(shop.simulation.chance() * 100)))
            try await shop.cancel(1)
        case .cancelledWhilePaid:
            try await shop.place(1, total: 16_600)
            try await shop.wait(for: 1) { $0.taken != nil }
            try await shop.cancel(1)
        case .cancelledAtFee:
            try await shop.place(1, total: 16_600, startsIn: 5)
            try await shop.wait(for: 1) { $0.state == .confirmed }
            try await shop.cancel(1)
        case .cancelledFreely:
            try await shop.place(1, total: 16_608, startsIn: 30)
            try await shop.wait(for: 1) { $0.state == .confirmed }
            try await shop.cancel(1)
        case .expired: try await shop.place(1, total: 16_600)
        case .captured:
            try await shop.place(1, total: 16_600)
            try await shop.wait(for: 1) { $0.paymentStatus == .authorized }
            try await shop.capture(1)
        case .rivals, .rivalsInHaste:
            orders = [1, 2]
            for order in orders { try await shop.place(order, total: 16_600) }
        case .roomLost:
            orders = [1, 2]
            try await shop.place(1, total: 16_604)
            try await shop.simulation.wait(for: .seconds(2))
            try shop.endHold(of: 1)
            try await shop.place(2, total: 16_600)
        }
        try await awaitEnds(of: orders, in: shop)
    }

    private func awaitEnds(of orders: [Int], in shop: Shop) async throws {
        for order in orders {
            try await shop.wait(for: order, upTo: .seconds(15)) {
                switch $0.state {
                case .confirmed, .rejected, .paymentFailed, .expired: true
                case .cancelled: $0.refundPendingAmount == 0
                default: false
                }
            }
        }
    }

    private func playSecondTry(in shop: Shop) async throws -> Int {
        let order = shop.orderPaidAtSecondTry(total: 20_000)
        try await shop.place(order, total: 20_000)
        try await shop.wait(for: order) { $0.state == .paymentFailed }
        try await shop.payAgain(order)
        return order
    }
}
