import Events
import FlotillaTesting
import Foundation
import Testing

@Suite struct `Naming a currency` {
    @Test(arguments: ["", "eur", "EU", "EURO", "E1R", "€€€"])
    func `refuses what is no currency code`(code: String) {
        #expect(Currency(rawValue: code) == nil)
    }

    @Test(arguments: [("EUR", 2), ("JPY", 0), ("KWD", 3), ("IQD", 3), ("CLF", 4), ("RSD", 2)])
    func `knows the digits of its minor unit`(code: String, digits: Int) throws {
        let currency = try #require(Currency(rawValue: code))
        #expect(currency.minorUnitDigits == digits)
        #expect(currency.isISO4217)
    }

    @Test(arguments: ["DEM", "XXX", "XTS", "XAU", "ABC", "HRK", "BGN"])
    func `reads a code that is no currency of today, and knows it for one`(code: String) throws {
        let currency = try #require(Currency(rawValue: code))
        #expect(!currency.isISO4217)
        #expect(currency.minorUnitDigits == nil)
    }

    @Test(.enabled(if: PublishedCurrencies.areInstalled, "make test installs them"))
    func `knows the very currencies that the registry publishes`() throws {
        let published = try PublishedCurrencies.digits()
        #expect(published.count > 150)
        let letters = (UInt8(ascii: "A")...UInt8(ascii: "Z")).map { String(UnicodeScalar($0)) }
        for first in letters {
            for second in letters {
                for third in letters {
                    let code = first + second + third
                    let currency = try #require(Currency(rawValue: code))
                    #expect(currency.minorUnitDigits == published[code], "\(code)")
                }
            }
        }
    }
}

@Suite struct `Writing money for people` {
    @Test(
        arguments: [
            (1_999, "EUR", "19.99 EUR"), (1_999, "JPY", "1999 JPY"), (1_234, "KWD", "1.234 KWD"),
            (5, "EUR", "0.05 EUR"), (0, "EUR", "0.00 EUR"), (0, "JPY", "0 JPY"),
            (-5, "KWD", "-0.005 KWD"), (-1_999, "EUR", "-19.99 EUR"), (12_345, "CLF", "1.2345 CLF"),
            (.max, "EUR", "92233720368547758.07 EUR"), (.min, "EUR", "-92233720368547758.08 EUR"),
            (1_999, "DEM", "1999 DEM"),
        ] as [(Int64, String, String)])
    func `sets the point where ISO 4217 has it`(
        amount: Int64, code: String, text: String
    ) throws {
        let currency = try #require(Currency(rawValue: code))
        #expect(Money(amount: amount, currency: currency).text == text)
    }
}

/// What the package `iso4217` of PyPI knows: the registry's own list, as published.
///
/// It is put in `.tools` by scripts/install-tools.sh.
private enum PublishedCurrencies {
    static var areInstalled: Bool {
        (try? Command.run(python, ["-c", "import iso4217"]).status) == 0
    }

    /// The digits of the minor unit by code; what has none, as gold, is left out.
    static func digits() throws -> [String: Int] {
        let program = """
            import iso4217, json
            print(json.dumps({c.code: c.exponent for c in iso4217.Currency
                              if c.exponent is not None}))
            """
        let outcome = try Command.run(python, ["-c", program])
        return try JSONDecoder().decode([String: Int].self, from: outcome.output)
    }

    private static let python = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: ".tools/venv/bin/python").path
}
