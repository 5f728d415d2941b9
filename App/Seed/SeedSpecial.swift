/// A variant that is there so that an order of it ends in a certain way.
struct SeedSpecial: Sendable {
    /// The last four digits of its price (Modules/Payment/README.md says what they do).
    var ending: Int?
    var onHand: Int?
    var daysAhead: Int?

    /// By SKU; ``SeedOrder/plan`` orders them.
    static let all: [String: SeedSpecial] = [
        // Declined: the card, too little money, an expired card.
        "ACT-LIS-2-C": .init(ending: 6601), "ACT-OPO-2-C": .init(ending: 6602),
        "ACT-SVQ-2-C": .init(ending: 6603), "ACT-BCN-2-C": .init(ending: 6601),
        "ACT-ROM-2-C": .init(ending: 6603), "ACT-NAP-2-C": .init(ending: 6602),
        // The answer is lost, and known at the third question.
        "ACT-ATH-2-C": .init(ending: 6607), "ACT-VIE-2-C": .init(ending: 6607),
        "ACT-PRG-2-C": .init(ending: 6607),
        // The answer is lost, and was no.
        "ACT-BUD-2-C": .init(ending: 6605), "ACT-BER-2-C": .init(ending: 6605),
        "ACT-CPH-2-C": .init(ending: 6605),
        // The last one.
        "PKG-EDI-W-C": .init(onHand: 1), "PKG-KYO-W-C": .init(onHand: 1),
        "PKG-YUL-W-C": .init(onHand: 1),
        // Soon.
        "PKG-ALG-W-A": .init(daysAhead: 6), "PKG-AZO-W-A": .init(daysAhead: 7),
        "PKG-MAD-W-A": .init(daysAhead: 1),
    ]

    func applied(to variant: SeedVariant) -> SeedVariant {
        var variant = variant
        if let ending, let price = variant.prices.first {
            variant.prices = [
                SeedPrice(amount: price.amount / 10_000 * 10_000 + Int64(ending))
            ]
        }
        if let onHand { variant.onHand = onHand }
        if let daysAhead { variant.dates?.daysAhead = daysAhead }
        return variant
    }
}
