import Events
import Foundation
import Web

extension Fields {
    /// A product as a body describes it: whole.
    ///
    /// - Parameter isNew: whether it is one that is not there yet. Else what only answers have may
    ///   stand in it, and says nothing: a body that was read can be sent back.
    mutating func product(isNew: Bool) -> ProductDraft {
        if !isNew {
            for name in ["createdAt", "updatedAt"] { ignore(name) }
        }
        let facts = ProductFacts(
            kind: choice("kind") ?? .activity,
            status: optionalChoice("status") ?? .active,
            name: words("name", length: 1...200),
            description: prose("description"),
            categories: categorySlugs(), attributes: attributes(), texts: texts())
        let variants = objects("variants", count: 1...200) { $0.variant(isNew: isNew) }
        for (index, sku) in Self.repeated(variants.map(\.facts.sku)) {
            reject("variants", at: index, "sku", "\(sku) is another variant's SKU too")
        }
        return ProductDraft(facts: facts, variants: variants)
    }

    /// Text with something to read in it.
    mutating func words(_ name: String, length: ClosedRange<Int>) -> String {
        let text = string(name, length: length)
        let trimmed = text.trimmingCharacters(in: .whitespaces)
        if !text.isEmpty, trimmed.isEmpty { reject(name, "must not be blank") }
        return trimmed
    }

    /// Paragraphs: line feeds and tabs may be in them.
    private mutating func prose(_ name: String) -> String {
        guard has(name), !isNull(name) else {
            ignore(name)
            return ""
        }
        let text = secret(name, length: 0...10_000)
        if !Prose.isFine(text) {
            reject(name, "must not have control characters but line feeds and tabs")
        }
        return text
    }

    private mutating func categorySlugs() -> [String] {
        let slugs =
            optionalStringArray("categories", count: 0...20, length: 1...64) ?? []
        return Set(slugs).sorted()
    }

    private mutating func attributes() -> [String: AttributeValue] {
        let values = entries("attributes", count: 0...50) { fields, name in
            if !ProductFilter.isAttribute(name) {
                fields.reject(name, "must be called by letters, digits, _ and -, a letter first")
            }
            return fields.attribute(name)
        }
        return (values ?? [:]).compactMapValues { $0 }
    }

    private static let attributeNumbers = -Int64(amountMax)...Int64(amountMax)

    private mutating func attribute(_ name: String) -> AttributeValue? {
        switch json(name) {
        case .string:
            return optionalString(name, length: 1...500).map { .text($0) }
        case .bool(let boolean):
            return .boolean(boolean)
        case .integer(let number) where Self.attributeNumbers.contains(number):
            return .number(number)
        case .null:
            return nil
        case .integer, .number:
            reject(name, "must be a whole number up to 2^53 - 1")
        case .array, .object:
            reject(name, "must be a text, a whole number, true or false")
        }
        return nil
    }

    private mutating func texts() -> [LanguageTag: ProductText] {
        let texts = entries("texts", count: 0...50) { fields, tag in
            if LanguageTag(tag) == nil {
                fields.reject(tag, "must be called by a language, as in BCP 47: de-AT")
            }
            return fields.optionalObject(tag) {
                ProductText(
                    name: $0.words("name", length: 1...200),
                    description: $0.prose("description"))
            }
        }
        return (texts ?? [:]).reduce(into: [:]) { texts, entry in
            guard let tag = LanguageTag(entry.key), let text = entry.value else { return }
            if texts.updateValue(text, forKey: tag) != nil {
                reject("texts", "\(tag) is there twice")
            }
        }
    }

    /// The places of values that stood before, in other letters or the same.
    private static func repeated(_ values: [String]) -> [(index: Int, value: String)] {
        var seen: Set<String> = []
        return values.enumerated().filter { !$1.isEmpty && !seen.insert($1).inserted }
            .map { ($0, $1) }
    }
}
