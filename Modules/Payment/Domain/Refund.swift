import Events
import Foundation

/// Money that goes back, in part or whole.
struct Refund: Sendable, Hashable {
    let id: RefundID
    let paymentID: PaymentID
    let orderID: OrderID
    let userID: UserID
    let amount: Money
    /// Machine code of who wanted it.
    let reason: String
    var state: State
    var failure: FailureCode?
    var needsReview = false
    let createdAt: Date
    var updatedAt: Date

    /// Where a refund stands; never renamed.
    enum State: String, Sendable, CaseIterable {
        /// The provider is being called.
        case processing
        /// The provider did not say what came of it.
        case unknown
        case completed
        case failed

        var isFinal: Bool {
            switch self {
            case .processing, .unknown: false
            case .completed, .failed: true
            }
        }
    }
}
