/// An amount in integer minor units of an ISO 4217 currency: 1999 EUR is 19.99 euro.
public struct Money: Hashable, Sendable, Codable {
    /// Minor units; may be negative for a refund.
    public let amount: Int64

    /// The three-letter code, upper case.
    public let currency: Currency

    /// Wraps an amount of minor units.
    public init(amount: Int64, currency: Currency) {
        self.amount = amount
        self.currency = currency
    }

    /// The sum, or `nil` when the currencies differ or the sum does not fit.
    public func adding(_ other: Money) -> Money? {
        guard other.currency == currency else { return nil }
        let (sum, overflow) = amount.addingReportingOverflow(other.amount)
        return overflow ? nil : Money(amount: sum, currency: currency)
    }

    /// The price of `quantity` pieces, or `nil` when it does not fit.
    public func times(_ quantity: Int) -> Money? {
        let (product, overflow) = amount.multipliedReportingOverflow(by: Int64(quantity))
        return overflow ? nil : Money(amount: product, currency: currency)
    }
}
