import Events
import Foundation

extension Currency {
    /// The codes of ISO 4217 that Unicode's tables know, those in use and those of the past.
    private static let known = Set(Locale.Currency.isoCurrencies.map { $0.identifier.uppercased() })

    /// Whether it is a currency, and not just three letters.
    var isISO: Bool { Self.known.contains(rawValue) }
}
