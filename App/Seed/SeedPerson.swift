import Foundation

/// Somebody who has an account in the demo shop.
struct SeedPerson: Sendable {
    let firstName: String
    let lastName: String
    let home: SeedHome
    let street: String
    let interests: [String]
    let language: String

    /// At a domain that belongs to nobody (RFC 2606).
    var email: String {
        let plain = "\(firstName).\(lastName)".folding(
            options: [.diacriticInsensitive, .caseInsensitive], locale: nil)
        return plain.lowercased().replacing("ß", with: "ss").replacing("ø", with: "o")
            .replacing("ł", with: "l").filter { $0.isASCII && ($0.isLetter || $0 == ".") }
            + "@example.com"
    }
}

/// Where people of the demo shop live.
struct SeedHome: Sendable {
    let city: String
    let postalCode: String
    let country: String
    let streets: [String]
    let currency: String
    let language: String

    static let all = [
        SeedHome(
            city: "Hamburg", postalCode: "20354", country: "DE",
            streets: ["Am Fleet", "Lindenweg", "Hafenstraße"], currency: "EUR", language: "de"),
        SeedHome(
            city: "Graz", postalCode: "8010", country: "AT",
            streets: ["Murgasse", "Schillerplatz"], currency: "EUR", language: "de"),
        SeedHome(
            city: "Bern", postalCode: "3011", country: "CH",
            streets: ["Kornhausgasse", "Aareweg"], currency: "CHF", language: "de"),
        SeedHome(
            city: "Dublin", postalCode: "D02 X285", country: "IE",
            streets: ["Mill Lane", "Harbour Road"], currency: "EUR", language: "en"),
        SeedHome(
            city: "Portland", postalCode: "97205", country: "US",
            streets: ["Alder Street", "Cedar Avenue"], currency: "USD", language: "en"),
        SeedHome(
            city: "Osaka", postalCode: "530-0001", country: "JP",
            streets: ["Umeda"], currency: "JPY", language: "en"),
    ]
}

extension SeedPerson {
    /// Fifty, the same each time.
    static let all: [SeedPerson] = {
        var chance = SeedChance("people")
        return names.enumerated().map { index, name in
            let words = name.split(separator: " ").map(String.init)
            let home = SeedHome.all[index % SeedHome.all.count]
            let interests = Set((0..<3).map { _ in chance.one(of: likings) }).sorted()
            return SeedPerson(
                firstName: words[0], lastName: words[1], home: home,
                street: "\(chance.one(of: home.streets)) \(chance.number(in: 1...88))",
                interests: interests, language: home.language)
        }
    }()

    /// Slugs of categories, so that there is something to recommend.
    private static let likings = [
        "culture", "food", "on-water", "on-foot", "by-bike", "wildlife", "short-breaks",
        "weeks-away", "alps", "atlantic", "mediterranean", "northern", "central", "far-away",
    ]

    private static let names = [
        "Mira Brandt", "Jonas Feldmann", "Lea Hofer", "Aidan Byrne", "Nora Whitfield",
        "Haruki Tanabe", "Theo Marquardt", "Selma Arslan", "Urs Aebischer", "Orla Keane",
        "Caleb Stroud", "Yuna Kimura", "Frieda Lorenz", "Anton Gruber", "Seraina Caduff",
        "Declan Foy", "Maya Ellison", "Ren Ogawa", "Emil Petersen", "Katharina Moser",
        "Reto Zurbuchen", "Niamh Tierney", "Wesley Harding", "Aoi Nishida", "Greta Winkler",
        "Valentin Egger", "Livia Brunner", "Cormac Daly", "Tessa Goodwin", "Kaito Morita",
        "Paula Sommer", "Florian Haas", "Nadja Gerber", "Sinead Mulcahy", "Owen Prescott",
        "Mei Shibata", "Oskar Jansen", "Elena Kostova", "Luca Bernasconi", "Fionn Garvey",
        "Harriet Colby", "Sora Ueno", "Ida Thomsen", "Milan Novak", "Flurina Decurtins",
        "Roisin Hanley", "Miles Thornton", "Akira Yasuda", "Zoe Keller", "Bruno Almeida",
    ]
}
