import Events

/// Amounts that make the simulated provider misbehave: by their last four digits in minor units,
/// so that 66.01, 166.01 and 1066.01 euro all do the same.
enum SimulatedAmount: Int64, Sendable, CaseIterable {
    case cardDeclined = 6601
    case insufficientFunds = 6602
    case expiredCard = 6603
    /// The charge is lost in a time-out and was made; the first question says so.
    case timeoutThenSuccess = 6604
    /// The charge is lost in a time-out and was refused.
    case timeoutThenFailure = 6605
    /// The outcome is told twice: as the answer and as a notice.
    case toldTwice = 6606
    /// It succeeds, and the provider knows it only at the third question.
    case lateSuccess = 6607
    /// Refunds of it are lost in a time-out and were made.
    case refundTimeout = 6608
    /// It succeeds, whatever the percentage.
    case success = 6600

    /// Questions until a late success is known.
    static let lateQuestionCount = 3

    init?(_ amount: Money) { self.init(rawValue: amount.amount % 10_000) }

    var failureCode: FailureCode? {
        switch self {
        case .cardDeclined, .timeoutThenFailure: .cardDeclined
        case .insufficientFunds: .insufficientFunds
        case .expiredCard: .expiredCard
        case .timeoutThenSuccess, .toldTwice, .lateSuccess, .refundTimeout, .success: nil
        }
    }
}
