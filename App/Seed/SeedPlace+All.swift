extension SeedPlace {
    /// In the order in which their products are made.
    static let all = [
        SeedPlace(
            "LIS", .init("Lisbon", "Lissabon"), "PT", .city, "atlantic", 95,
            .init("tiled lanes above the Tagus", "gekachelte Gassen über dem Tejo")),
        SeedPlace(
            "OPO", .init("Porto"), "PT", .city, "atlantic", 85,
            .init("port cellars along the Douro", "Portweinkeller am Douro")),
        SeedPlace(
            "SVQ", .init("Seville", "Sevilla"), "ES", .city, "mediterranean", 90,
            .init("orange trees and flamenco courtyards", "Orangenbäume und Flamenco-Höfe")),
        SeedPlace(
            "BCN", .init("Barcelona"), "ES", .city, "mediterranean", 115,
            .init(
                "bold façades and a beach in town", "kühne Fassaden und einen Stadtstrand")),
        SeedPlace(
            "ROM", .init("Rome", "Rom"), "IT", .city, "mediterranean", 120,
            .init("ruins, fountains and late dinners", "Ruinen, Brunnen und späte Abendessen")),
        SeedPlace(
            "NAP", .init("Naples", "Neapel"), "IT", .city, "mediterranean", 80,
            .init("the best pizza below a volcano", "die beste Pizza unter einem Vulkan")),
        SeedPlace(
            "ATH", .init("Athens", "Athen"), "GR", .city, "mediterranean", 85,
            .init("marble above and markets below", "Marmor oben und Märkte unten")),
        SeedPlace(
            "VIE", .init("Vienna", "Wien"), "AT", .city, "alps", 120,
            .init("coffee houses and concert halls", "Kaffeehäuser und Konzertsäle")),
        SeedPlace(
            "PRG", .init("Prague", "Prag"), "CZ", .city, "central", 80,
            .init("bridges and a hundred spires", "Brücken und hundert Türme")),
        SeedPlace(
            "BUD", .init("Budapest"), "HU", .city, "central", 78,
            .init("thermal baths beside the Danube", "Thermalbäder an der Donau")),
        SeedPlace(
            "BER", .init("Berlin"), "DE", .city, "central", 95,
            .init("museums and long nights", "Museen und lange Nächte")),
        SeedPlace(
            "CPH", .init("Copenhagen", "Kopenhagen"), "DK", .city, "northern", 150,
            .init("harbour baths and good design", "Hafenbäder und gute Gestaltung")),
        SeedPlace(
            "EDI", .init("Edinburgh"), "GB", .city, "northern", 130,
            .init("a castle on a crag", "eine Burg auf dem Felsen")),
        SeedPlace(
            "KYO", .init("Kyoto"), "JP", .city, "far-away", 150,
            .init("temple gardens and tea", "Tempelgärten und Tee")),
        SeedPlace(
            "YUL", .init("Montreal"), "CA", .city, "far-away", 125,
            .init("jazz in summer and warm bagels", "Jazz im Sommer und warme Bagels")),
        SeedPlace(
            "ALG", .init("Algarve"), "PT", .coast, "atlantic", 88,
            .init("golden cliffs and sea caves", "goldene Klippen und Meeresgrotten")),
        SeedPlace(
            "AZO", .init("Azores", "Azoren"), "PT", .coast, "atlantic", 92,
            .init("crater lakes and whales", "Kraterseen und Wale")),
        SeedPlace(
            "MAD", .init("Madeira"), "PT", .coast, "atlantic", 94,
            .init("gardens above the ocean", "Gärten über dem Meer")),
        SeedPlace(
            "PMI", .init("Mallorca"), "ES", .coast, "mediterranean", 105,
            .init("turquoise coves below almond groves", "türkise Buchten unter Mandelhainen")),
        SeedPlace(
            "SAR", .init("Sardinia", "Sardinien"), "IT", .coast, "mediterranean", 112,
            .init("granite bays and shepherds' cheese", "Granitbuchten und Hirtenkäse")),
        SeedPlace(
            "CRE", .init("Crete", "Kreta"), "GR", .coast, "mediterranean", 86,
            .init("gorges that end at the sea", "Schluchten, die am Meer enden")),
        SeedPlace(
            "DBV", .init("Dubrovnik"), "HR", .coast, "mediterranean", 108,
            .init("walls in the blue Adriatic", "Mauern in der blauen Adria")),
        SeedPlace(
            "BRE", .init("Brittany", "Bretagne"), "FR", .coast, "atlantic", 104,
            .init("lighthouses and buckwheat crêpes", "Leuchttürme und Buchweizen-Crêpes")),
        SeedPlace(
            "COR", .init("Cornwall"), "GB", .coast, "atlantic", 116,
            .init("fishing harbours and surf", "Fischerhäfen und Brandung")),
        SeedPlace(
            "RUG", .init("Rügen"), "DE", .coast, "northern", 90,
            .init("chalk cliffs and beach chairs", "Kreidefelsen und Strandkörbe")),
        SeedPlace(
            "ZER", .init("Zermatt"), "CH", .mountains, "alps", 180,
            .init("the Matterhorn at sunrise", "das Matterhorn bei Sonnenaufgang")),
        SeedPlace(
            "GRI", .init("Grindelwald"), "CH", .mountains, "alps", 170,
            .init("the north face of the Eiger", "die Eiger-Nordwand")),
        SeedPlace(
            "CHX", .init("Chamonix"), "FR", .mountains, "alps", 140,
            .init("glaciers within reach by cable car", "Gletscher nahe der Seilbahn")),
        SeedPlace(
            "DOL", .init("Dolomites", "Dolomiten"), "IT", .mountains, "alps", 125,
            .init("pale towers that glow in the evening", "bleiche Türme, die am Abend glühen")),
        SeedPlace(
            "INN", .init("Innsbruck"), "AT", .mountains, "alps", 118,
            .init("peaks at the end of every street", "Gipfel am Ende jeder Straße")),
        SeedPlace(
            "TAT", .init("Zakopane"), "PL", .mountains, "central", 72,
            .init("timber villas below the Tatra", "Holzvillen unter der Tatra")),
        SeedPlace(
            "PYR", .init("Pyrenees", "Pyrenäen"), "ES", .mountains, "mediterranean", 90,
            .init("quiet valleys and Romanesque churches", "stille Täler und romanische Kirchen")),
        SeedPlace(
            "COM", .init("Lake Como", "Comer See"), "IT", .lakes, "alps", 138,
            .init("villas between water and mountains", "Villen zwischen Wasser und Bergen")),
        SeedPlace(
            "BLE", .init("Bled"), "SI", .lakes, "alps", 86,
            .init("a church on an island", "eine Kirche auf einer Insel")),
        SeedPlace(
            "LUZ", .init("Lucerne", "Luzern"), "CH", .lakes, "alps", 168,
            .init("paddle steamers and a painted bridge", "Raddampfer und eine bemalte Brücke")),
        SeedPlace(
            "SMA", .init("Småland"), "SE", .lakes, "northern", 110,
            .init("red cabins at silent lakes", "rote Häuser an stillen Seen")),
        SeedPlace(
            "MAS", .init("Masuria", "Masuren"), "PL", .lakes, "central", 70,
            .init("two thousand lakes in a row", "zweitausend Seen in einer Kette")),
        SeedPlace(
            "REY", .init("Reykjavík"), "IS", .north, "northern", 175,
            .init("hot springs under northern lights", "heiße Quellen unter Nordlichtern")),
        SeedPlace(
            "LOF", .init("Lofoten"), "NO", .north, "northern", 165,
            .init("fishing huts below sharp peaks", "Fischerhütten unter spitzen Gipfeln")),
        SeedPlace(
            "ROV", .init("Rovaniemi"), "FI", .north, "northern", 150,
            .init("snow forests on the Arctic Circle", "Schneewälder am Polarkreis")),
    ]
}
