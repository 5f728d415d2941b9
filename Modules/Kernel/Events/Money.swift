/// An amount in integer minor units of an ISO 4217 currency: 1999 EUR is 19.99 euro.
///
/// What does not fit, and what mixes currencies, is `nil` and never a wrong amount; there is no
/// exchange without a rate, and no rate here.
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

    /// Nothing, in a currency.
    public static func zero(_ currency: Currency) -> Money { Money(amount: 0, currency: currency) }

    /// Whether it is nothing.
    public var isZero: Bool { amount == 0 }

    /// Whether it is less than this in the same currency; `false` across currencies.
    public func isLess(than other: Money) -> Bool {
        currency == other.currency && amount < other.amount
    }

    /// Whether it is this much in the same currency, or less; `false` across currencies.
    public func isAtMost(_ other: Money) -> Bool {
        currency == other.currency && amount <= other.amount
    }

    /// The sum, or `nil` when the currencies differ or the sum does not fit.
    public func adding(_ other: Money) -> Money? {
        guard other.currency == currency else { return nil }
        let (sum, overflow) = amount.addingReportingOverflow(other.amount)
        return overflow ? nil : Money(amount: sum, currency: currency)
    }

    /// The difference, or `nil` when the currencies differ or the difference does not fit.
    public func subtracting(_ other: Money) -> Money? {
        guard other.currency == currency else { return nil }
        let (difference, overflow) = amount.subtractingReportingOverflow(other.amount)
        return overflow ? nil : Money(amount: difference, currency: currency)
    }

    /// As much the other way, or `nil` for the one amount that has no opposite: `Int64.min`.
    public var negated: Money? { Self.zero(currency).subtracting(self) }

    /// The price of `quantity` pieces, or `nil` when it does not fit.
    public func times(_ quantity: Int) -> Money? {
        let (product, overflow) = amount.multipliedReportingOverflow(by: Int64(quantity))
        return overflow ? nil : Money(amount: product, currency: currency)
    }
}

extension Sequence<Money> {
    /// The sum, nothing for no amounts; `nil` when one is in another currency or the sum does not
    /// fit. The order does not matter, also where a part of the sum would not fit.
    public func sum(in currency: Currency) -> Money? {
        var sum: Int128 = 0
        for money in self {
            guard money.currency == currency else { return nil }
            sum += Int128(money.amount)
        }
        return Int64(exactly: sum).map { Money(amount: $0, currency: currency) }
    }
}
