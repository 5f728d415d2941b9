/// An ISO 4217 alphabetic code.
///
/// Any three capitals are read, for events outlive the list of currencies; what comes from outside
/// is held against the list by ``isISO4217``.
public struct Currency: RawRepresentable, Hashable, Sendable, Codable {
    /// The code: `EUR`.
    public let rawValue: String

    /// Three ASCII capitals, else `nil`.
    public init?(rawValue: String) {
        guard rawValue.utf8.count == 3,
            rawValue.utf8.allSatisfy({ (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) })
        else { return nil }
        self.rawValue = rawValue
    }

    /// Whether it is the active code of a currency that has minor units, or none below its unit.
    ///
    /// Precious metals, bonds' units, the code for tests and the one for no currency are not.
    public var isISO4217: Bool { minorUnitDigits != nil }

    /// How many digits the minor unit has after the point, by ISO 4217: 2 for EUR, 0 for JPY.
    ///
    /// CLDR, and with it Foundation's formatters, says how many of them people show, which differs
    /// for some: the Iraqi dinar has three, and CLDR shows none.
    public var minorUnitDigits: Int? { Self.digits[rawValue] }

    private static let digits: [String: Int] = {
        var digits: [String: Int] = [:]
        for (count, codes) in active {
            for code in codes.split(separator: " ") { digits[String(code)] = count }
        }
        return digits
    }()

    /// The active codes by their digits; a test holds them against the package `iso4217` of PyPI.
    private static let active = [
        0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
        2: """
        AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD \
        CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP \
        GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK \
        LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO \
        NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS \
        SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST \
        XAD XCD XCG YER ZAR ZMW ZWG
        """,
        3: "BHD IQD JOD KWD LYD OMR TND",
        4: "CLF UYW",
    ]
}
