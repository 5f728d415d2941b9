import Web

/// What the demo shop sells: five products a place.
enum SeedCatalogue {
    static let products: [SeedProduct] = SeedPlace.all.enumerated().flatMap { index, place in
        SeedMaker(place: place, index: index).products
    }

    /// The products by the SKUs of their variants.
    static let productsBySKU: [String: SeedProduct] = Dictionary(
        uniqueKeysWithValues: products.flatMap { product in
            product.variants.map { ($0.sku, product) }
        })
}

/// Makes the products of one place.
private struct SeedMaker {
    let place: SeedPlace
    let index: Int

    var products: [SeedProduct] {
        var chance = SeedChance("place \(place.code)")
        let activities = SeedActivity.all(in: place.landscape)
        let first = chance.number(in: 0...(activities.count - 1))
        let second = (first + chance.number(in: 1...(activities.count - 1))) % activities.count
        return [
            rooms(&chance),
            activity(activities[first], number: 1, &chance),
            activity(activities[second], number: 2, &chance),
            package(.weekend, &chance), package(.week, &chance),
        ]
    }

    private func rooms(_ chance: inout SeedChance) -> SeedProduct {
        let hotel = Translated(
            "{place}: a room for two, breakfast included",
            "{place}: ein Zimmer für zwei mit Frühstück")
        let text = Translated(
            "{place} is known for {sight}. Priced by the night.",
            "{place} ist bekannt für {sight}. Der Preis gilt je Nacht.")
        let classes = [("STD", "Standard", 100), ("SUP", "Superior", 135), ("STE", "Suite", 190)]
        return product(
            "destination", hotel, text, ["places", place.region], party: 2,
            ["breakfast": .bool(true), "stars": .integer(Int64(chance.number(in: 3...5)))],
            classes.map { code, name, percent in
                variant(
                    "DST-\(place.code)-\(code)", name, near: 9_000 * percent / 100, party: 2,
                    onHand: chance.number(in: 12...40), roomClass: name)
            })
    }

    private func activity(
        _ activity: SeedActivity, number: Int, _ chance: inout SeedChance
    ) -> SeedProduct {
        let text = Translated(
            "\(activity.text.en) {place} is known for {sight}.",
            "\(activity.text.de) {place} ist bekannt für {sight}.")
        let hour = chance.number(in: 7...15)
        return product(
            "activity", activity.name, text, [activity.category, place.region],
            party: activity.party,
            [
                "hours": .integer(Int64(activity.hours)),
                "familyFriendly": .bool(activity.hours < 5),
            ],
            dated("ACT-\(place.code)-\(number)", from: 20...45, &chance) { sku, name, days in
                variant(
                    sku, name, near: activity.price, party: activity.party,
                    onHand: 8 + days % 9,
                    dates: .init(daysAhead: days, hour: hour, hours: activity.hours))
            })
    }

    private enum Length: String {
        case weekend = "W"
        case week = "7"
    }

    private func package(_ length: Length, _ chance: inout SeedChance) -> SeedProduct {
        let nights = length == .weekend ? 3 : 7
        let name =
            length == .weekend
            ? Translated("A long weekend: {place}", "Ein langes Wochenende: {place}")
            : Translated("A week with half board: {place}", "Eine Woche mit Halbpension: {place}")
        let text = Translated(
            "\(nights) nights, the journey by rail where there is one, and time for {sight}.",
            "\(nights) Nächte, Anreise mit der Bahn, wo es eine gibt, und Zeit für {sight}.")
        let base = length == .weekend ? 24_900 : 62_900
        var made = product(
            "package", name, text,
            [length == .weekend ? "short-breaks" : "weeks-away", place.region], party: 2,
            [
                "nights": .integer(Int64(nights)), "halfBoard": .bool(length == .week),
            ],
            dated("PKG-\(place.code)-\(length.rawValue)", from: 25...60, &chance) {
                variant(
                    $0, $1, near: base, party: 2, onHand: 10 + $2 % 15,
                    dates: .init(daysAhead: $2, hour: 12, hours: nights * 24))
            })
        if length == .week, index.isMultiple(of: 4) { made.earlierPercent = 115 }
        return made
    }

    /// Three dates, some weeks apart.
    private func dated(
        _ sku: String, from days: ClosedRange<Int>, _ chance: inout SeedChance,
        _ make: (_ sku: String, _ name: String, _ daysAhead: Int) -> SeedVariant
    ) -> [SeedVariant] {
        var day = chance.number(in: days)
        return [("A", "First date"), ("B", "Second date"), ("C", "Third date")].map {
            defer { day += chance.number(in: 14...35) }
            return make("\(sku)-\($0)", $1, day)
        }
    }

    private func product(
        _ kind: String, _ name: Translated, _ text: Translated, _ categories: [String],
        party: Int, _ attributes: [String: JSONValue], _ variants: [SeedVariant]
    ) -> SeedProduct {
        SeedProduct(
            kind: kind, name: name.of(place), text: text.of(place),
            categories: categories.sorted(),
            attributes: attributes.merging([
                "country": .string(place.country), "landscape": .string(place.landscape.rawValue),
            ]) { $1 }, party: party, variants: variants)
    }

    /// At the level of the place, in every currency that is paid there.
    private func variant(
        _ sku: String, _ name: String, near price: Int, party: Int, onHand: Int,
        roomClass: String? = nil, dates: SeedVariant.Dates? = nil
    ) -> SeedVariant {
        let cents = price * place.level / 100
        var prices = [SeedPrice(amount: amount(near: cents, party))]
        for (code, percent) in currencies {
            prices.append(
                SeedPrice(amount: amount(near: cents * percent / 100, party), currency: code))
        }
        let variant = SeedVariant(
            sku: sku, name: name, prices: prices, onHand: onHand, roomClass: roomClass,
            dates: dates)
        return SeedSpecial.all[sku]?.applied(to: variant) ?? variant
    }

    private func amount(near amount: Int, _ party: Int) -> Int64 {
        Int64(SeedVariant.price(near: amount, party: party))
    }

    /// List prices of their own, with what they are of a hundred euro cents.
    private var currencies: [(code: String, percent: Int)] {
        switch (place.country, place.region) {
        case ("CH", _): [("CHF", 95)]
        case ("JP", _): [("JPY", 160), ("USD", 110)]
        case (_, "far-away"), (_, "northern"): [("USD", 110)]
        default: []
        }
    }
}
