/// A place that the demo shop sells journeys to.
struct SeedPlace: Sendable {
    /// Three letters of SKUs.
    let code: String
    let name: Translated
    /// ISO 3166-1.
    let country: String
    let landscape: Landscape
    /// A slug below `places`.
    let region: String
    /// What things cost here, of a hundred.
    let level: Int
    /// What it is known for, as part of a sentence.
    let sight: Translated

    /// What there is to do.
    enum Landscape: String, Sendable, CaseIterable {
        case city, coast, mountains, lakes, north
    }

    init(
        _ code: String, _ name: Translated, _ country: String, _ landscape: Landscape,
        _ region: String, _ level: Int, _ sight: Translated
    ) {
        self.code = code
        self.name = name
        self.country = country
        self.landscape = landscape
        self.region = region
        self.level = level
        self.sight = sight
    }
}

/// Words in the two languages of the demo shop.
struct Translated: Sendable, Hashable {
    let en: String
    let de: String

    init(_ en: String, _ de: String) { (self.en, self.de) = (en, de) }

    /// The same in both.
    init(_ name: String) { self.init(name, name) }

    /// Puts a place into a sentence.
    func of(_ place: SeedPlace) -> Translated {
        func filled(_ text: String, _ name: String, _ sight: String) -> String {
            text.replacing("{place}", with: name).replacing("{sight}", with: sight)
        }
        return Translated(
            filled(en, place.name.en, place.sight.en), filled(de, place.name.de, place.sight.de))
    }
}
