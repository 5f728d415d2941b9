/// Where a payment stands. It is the fold over the payment's ledger.
enum PaymentState: String, Sendable, CaseIterable, Codable {
    /// Known, and nobody was called.
    case initiated
    /// The provider is being called, or was when the process died.
    case processing
    /// The money is set aside.
    case authorized
    /// The money was taken, all of it or the part that was wanted.
    case completed
    case failed
    /// The provider was called and did not say what came of it.
    case unknown
    /// What was set aside was let go.
    case voided
    /// What was set aside was not taken in time.
    case expired
    /// Money is on its way back.
    case refunding
    case partiallyRefunded = "partially_refunded"
    case refunded
}

/// What a state makes of an occurrence.
enum Verdict: Sendable, Hashable {
    case goes(PaymentState)
    /// To the state that follows from what was taken, what went back and what is under way.
    case settles
    case stays(Stay)
    case refused(PaymentError)
}

/// Why an occurrence changes nothing. Stored in the ledger; never renamed.
enum Stay: String, Sendable, Hashable {
    /// It was known.
    case repeated
    /// It is older than what is known.
    case overtaken
    /// It can't be true along with what is known, and the money follows what is known.
    case contradicted
    /// It begins something whose end decides.
    case underWay = "under_way"
}
