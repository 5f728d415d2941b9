import Foundation
import Storage

/// The name of a language, by BCP 47: `de`, `de-AT`, `zh-Hant-TW`.
struct LanguageTag: Sendable, Hashable, Comparable, CustomStringConvertible {
    let description: String

    /// Language, script, region and variants, in whichever case; `nil` for what is no tag.
    ///
    /// Extensions and private tags are refused: nobody writes texts in them.
    init?(_ text: String) {
        guard text.utf8.count <= 35, text.utf8.allSatisfy({ $0 < 0x80 }) else { return nil }
        var parts = text.split(separator: "-", omittingEmptySubsequences: false)[...]
        guard let language = parts.popFirst(), (2...3).contains(language.count),
            language.allSatisfy(\.isLetter)
        else { return nil }
        var canonical = [language.lowercased()]
        if let script = parts.first, script.count == 4, script.allSatisfy(\.isLetter) {
            canonical.append(script.capitalized)
            parts.removeFirst()
        }
        if let region = parts.first, Self.isRegion(region) {
            canonical.append(region.uppercased())
            parts.removeFirst()
        }
        for variant in parts {
            guard Self.isVariant(variant) else { return nil }
            canonical.append(variant.lowercased())
        }
        description = canonical.joined(separator: "-")
    }

    /// One that is known to be written as it should be.
    private init(canonical: String) { description = canonical }

    /// The language that the house speaks unless it says otherwise.
    static let english = LanguageTag(canonical: "en")

    /// The tag without its last part; `nil` when the language alone is left (RFC 4647, 3.4).
    var wider: LanguageTag? {
        description.lastIndex(of: "-").map {
            LanguageTag(canonical: String(description[..<$0]))
        }
    }

    static func < (left: LanguageTag, right: LanguageTag) -> Bool {
        left.description < right.description
    }

    private static func isRegion(_ text: Substring) -> Bool {
        (text.count == 2 && text.allSatisfy(\.isLetter))
            || (text.count == 3 && text.allSatisfy(\.isNumber))
    }

    private static func isVariant(_ text: Substring) -> Bool {
        guard text.allSatisfy({ $0.isLetter || $0.isNumber }) else { return false }
        return (5...8).contains(text.count)
            || (text.count == 4 && text.first?.isNumber == true)
    }
}

/// The languages that somebody reads, the dearest first.
struct LanguageChoice: Sendable, Hashable {
    let tags: [LanguageTag]
    /// The language of a product's own name and description.
    let house: LanguageTag

    /// One language, of whoever asks for it by name.
    init(_ tag: LanguageTag, house: LanguageTag) {
        tags = [tag]
        self.house = house
    }

    /// What `Accept-Language` says (RFC 9110, section 12.5.4); what can't be read is passed over.
    init(accepting header: String, house: LanguageTag) {
        self.house = house
        let ranges = header.prefix(1_000).split(separator: ",").prefix(20).enumerated()
            .compactMap { index, range -> (tag: LanguageTag, weight: Double, index: Int)? in
                let parts = range.split(separator: ";").map {
                    $0.trimmingCharacters(in: .whitespaces)
                }
                guard let tag = parts.first.flatMap({ LanguageTag($0) }) else { return nil }
                let weight = parts.dropFirst().first { $0.hasPrefix("q=") }
                    .map { Double($0.dropFirst(2)) ?? 0 }
                return (tag, weight ?? 1, index)
            }
        tags = ranges.filter { $0.weight > 0 }
            .sorted { ($1.weight, $0.index) < ($0.weight, $1.index) }.map(\.tag)
    }

    /// Name and description in the best language that there is, and which that is.
    func text(of facts: ProductFacts) -> (text: ProductText, language: LanguageTag) {
        let own = ProductText(name: facts.name, description: facts.description)
        for tag in tags {
            var candidate: LanguageTag? = tag
            while let language = candidate {
                if let text = facts.texts[language] { return (text, language) }
                if language == house { return (own, house) }
                candidate = language.wider
            }
        }
        return (own, house)
    }
}
