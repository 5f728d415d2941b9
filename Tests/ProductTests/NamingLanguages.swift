import Testing

@testable import Product

@Suite struct `Naming languages` {
    @Test(arguments: [
        ("de", "de"), ("DE-at", "de-AT"), ("zh-hant-tw", "zh-Hant-TW"), ("es-419", "es-419"),
        ("sl-rozaj", "sl-rozaj"), ("de-1996", "de-1996"), ("nds", "nds"),
    ])
    func `writes tags as BCP 47 has them`(text: String, canonical: String) {
        #expect(LanguageTag(text)?.description == canonical)
    }

    @Test(arguments: [
        "", "d", "deutsch!", "de_AT", "de-", "-de", "x-private", "de-u-co-phonebk", "dé",
    ])
    func `refuses what is none`(text: String) {
        #expect(LanguageTag(text) == nil)
    }
}
