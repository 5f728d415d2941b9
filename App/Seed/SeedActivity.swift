/// Something to do that the demo shop sells in every place of a kind.
struct SeedActivity: Sendable {
    let name: Translated
    let text: Translated
    /// A slug below `things-to-do`.
    let category: String
    let hours: Int
    /// How many usually go; half of them would be a boat too large.
    let party: Int
    /// Cents a head where things cost a hundred of a hundred.
    let price: Int

    private init(
        _ name: Translated, _ text: Translated, _ category: String, hours: Int, party: Int,
        price: Int
    ) {
        self.name = name
        self.text = text
        self.category = category
        self.hours = hours
        self.party = party
        self.price = price
    }

    static func all(in landscape: SeedPlace.Landscape) -> [SeedActivity] {
        switch landscape {
        case .city: city
        case .coast: coast
        case .mountains: mountains
        case .lakes: lakes
        case .north: north
        }
    }

    private static let city = [
        SeedActivity(
            .init("{place}: old town on foot", "{place}: die Altstadt zu Fuß"),
            .init("A guide who grew up here shows the quarter.", "Mit jemandem von hier."),
            "culture", hours: 3, party: 4, price: 2_800),
        SeedActivity(
            .init("{place}: cooking with the neighbours", "{place}: Kochen bei Nachbarn"),
            .init("Market first, then the stove.", "Erst auf den Markt, dann an den Herd."),
            "food", hours: 4, party: 2, price: 7_900),
        SeedActivity(
            .init("{place} by bicycle", "{place} mit dem Rad"),
            .init("Twelve easy kilometres.", "Zwölf leichte Kilometer."),
            "by-bike", hours: 3, party: 2, price: 4_200),
        SeedActivity(
            .init("{place}: an evening of music", "{place}: ein Abend mit Musik"),
            .init("A small stage and a drink.", "Eine kleine Bühne und ein Getränk."),
            "culture", hours: 3, party: 2, price: 5_600),
    ]

    private static let coast = [
        SeedActivity(
            .init("{place}: sailing for a day", "{place}: einen Tag segeln"),
            .init("Eight guests, one skipper, lunch at anchor.", "Acht Gäste, mittags vor Anker."),
            "on-water", hours: 7, party: 2, price: 12_900),
        SeedActivity(
            .init("{place}: sea kayaks along the cliffs", "{place}: im Kajak an den Klippen"),
            .init("No experience needed.", "Ohne Vorkenntnisse."),
            "on-water", hours: 3, party: 2, price: 5_400),
        SeedActivity(
            .init("{place}: the coast path", "{place}: der Küstenpfad"),
            .init("Fifteen kilometres, luggage carried.", "Fünfzehn Kilometer ohne Gepäck."),
            "on-foot", hours: 6, party: 4, price: 3_900),
        SeedActivity(
            .init("{place}: fish market and grill", "{place}: Fischmarkt und Grill"),
            .init("From the auction to the plate.", "Von der Auktion auf den Teller."),
            "food", hours: 4, party: 3, price: 6_800),
    ]

    private static let mountains = [
        SeedActivity(
            .init("{place}: sunrise on a summit", "{place}: Sonnenaufgang am Gipfel"),
            .init("Up by lamplight, breakfast on top.", "Im Lampenlicht hinauf, oben Frühstück."),
            "on-foot", hours: 6, party: 2, price: 8_900),
        SeedActivity(
            .init("{place}: first steps on a rope", "{place}: die ersten Meter am Seil"),
            .init("Climbing for beginners, kit included.", "Klettern für Anfänger, mit Material."),
            "on-foot", hours: 5, party: 3, price: 9_600),
        SeedActivity(
            .init("{place}: mountain bikes downhill", "{place}: mit dem Mountainbike talwärts"),
            .init("Up by cable car.", "Hinauf mit der Seilbahn."),
            "by-bike", hours: 4, party: 2, price: 7_200),
        SeedActivity(
            .init("{place}: a day at an alpine dairy", "{place}: ein Tag auf der Alm"),
            .init("Milk, stir, wait, taste.", "Melken, rühren, warten, kosten."),
            "food", hours: 5, party: 4, price: 4_400),
    ]

    private static let lakes = [
        SeedActivity(
            .init("{place}: a canoe and a tent", "{place}: ein Kanu und ein Zelt"),
            .init("Two days on quiet water.", "Zwei Tage auf stillem Wasser."),
            "on-water", hours: 30, party: 2, price: 14_200),
        SeedActivity(
            .init("{place}: around the lake by bike", "{place}: mit dem Rad um den See"),
            .init("Level paths and three bathing spots.", "Ebene Wege und drei Badestellen."),
            "by-bike", hours: 6, party: 2, price: 4_800),
        SeedActivity(
            .init("{place}: boat builders at work", "{place}: bei den Bootsbauern"),
            .init("A yard that still works in wood.", "Eine Werft, die noch mit Holz arbeitet."),
            "culture", hours: 2, party: 4, price: 2_600),
    ]

    private static let north = [
        SeedActivity(
            .init("{place}: whales from a silent boat", "{place}: Wale vom leisen Boot"),
            .init("Electric boat, warm overalls.", "Elektroboot und warme Anzüge."),
            "wildlife", hours: 4, party: 2, price: 13_900),
        SeedActivity(
            .init("{place}: northern lights by sledge", "{place}: Nordlichter vom Schlitten"),
            .init("Huskies do the work.", "Die Huskys ziehen."),
            "wildlife", hours: 4, party: 2, price: 16_500),
        SeedActivity(
            .init("{place}: sauna and ice", "{place}: Sauna und Eis"),
            .init("Hot, cold, soup.", "Heiß, kalt, Suppe."),
            "on-water", hours: 3, party: 3, price: 6_900),
    ]
}
