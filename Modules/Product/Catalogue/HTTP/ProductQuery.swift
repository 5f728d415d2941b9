import Events
import Foundation
import HTTPTypes
import Web

extension ProductFilter {
    /// The query parameters that filter; `attribute.NAME` too.
    static let parameters = [
        "kind", "category", "q", "minPrice", "maxPrice", "currency", "available",
    ]
    private static let attributePrefix = "attribute."

    /// Whether it may be an attribute's name.
    static func isAttribute(_ name: String) -> Bool {
        (1...64).contains(name.utf8.count)
            && name.utf8.first.map(isLetter) == true
            && name.utf8.allSatisfy {
                isLetter($0) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                    || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-")
            }
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    /// The attribute that a query parameter names.
    static func attribute(of parameter: String) -> String? {
        guard parameter.hasPrefix(attributePrefix) else { return nil }
        let name = String(parameter.dropFirst(attributePrefix.count))
        return isAttribute(name) ? name : nil
    }
}

extension WebRequest {
    /// Refuses parameters that nobody reads: a misspelt filter must not show everything.
    ///
    /// - Throws: `Problem` 400.
    func requireQuery(among names: [String]) throws {
        let isFiltered = names.contains("q")
        let unknown = query.keys.filter { name in
            !names.contains(name) && !(isFiltered && ProductFilter.attribute(of: name) != nil)
        }
        guard let name = unknown.min() else { return }
        let known = names + (isFiltered ? ["attribute.NAME"] : [])
        throw Problem.badRequest(
            "there is no query parameter \(name.prefix(100)); there are "
                + known.sorted().joined(separator: ", "))
    }

    /// Which products the query asks for.
    ///
    /// - Throws: `Problem` 400.
    func productFilter() throws -> ProductFilter {
        var filter = ProductFilter()
        filter.kind = try choice("kind")
        filter.category = try queryText("category", length: 1...64)
        filter.text = try queryText("q", length: 1...100)
        filter.currency = try queryCurrency()
        filter.priceMin = try queryAmount("minPrice")
        filter.priceMax = try queryAmount("maxPrice")
        if filter.currency == nil, filter.priceMin != nil || filter.priceMax != nil {
            throw Problem.badRequest("minPrice and maxPrice need a currency, as currency=EUR")
        }
        if let min = filter.priceMin, let max = filter.priceMax, min > max {
            throw Problem.badRequest("minPrice must not be greater than maxPrice")
        }
        if let available = query["available"] {
            guard available == "true" else {
                throw Problem.badRequest("available must be true, or left out")
            }
            filter.isAvailable = true
        }
        for parameter in query.keys {
            guard let name = ProductFilter.attribute(of: parameter) else { continue }
            filter.attributes[name] = try queryText(parameter, length: 1...500)
        }
        guard filter.attributes.count <= 10 else {
            throw Problem.badRequest("at most 10 attributes can be asked for")
        }
        return filter
    }

    /// One word of a closed set.
    ///
    /// - Throws: `Problem` 400.
    func choice<Word: RawRepresentable & CaseIterable>(
        _ name: String
    ) throws -> Word? where Word.RawValue == String {
        guard let text = query[name] else { return nil }
        guard let word = Word(rawValue: text) else {
            let words = Word.allCases.map(\.rawValue).joined(separator: ", ")
            throw Problem.badRequest("\(name) must be one of \(words)")
        }
        return word
    }

    /// The languages that the client reads: what the query says, else its browser.
    ///
    /// - Throws: `Problem` 400.
    func languages(house: LanguageTag) throws -> LanguageChoice {
        guard let text = query["locale"] else {
            return LanguageChoice(
                accepting: headers[values: .acceptLanguage].joined(separator: ","), house: house)
        }
        guard let tag = LanguageTag(text) else {
            throw Problem.badRequest("locale must be a language, as in BCP 47: de-AT")
        }
        return LanguageChoice(tag, house: house)
    }

    private func queryText(_ name: String, length: ClosedRange<Int>) throws -> String? {
        guard let text = query[name] else { return nil }
        guard length.contains(text.count), !text.unicodeScalars.contains("\0") else {
            throw Problem.badRequest(
                "\(name) must have \(length.lowerBound) to \(length.upperBound) characters")
        }
        return text
    }

    private func queryCurrency() throws -> Currency? {
        guard let text = query["currency"] else { return nil }
        guard let currency = Currency(rawValue: text), currency.isISO4217 else {
            throw Problem.badRequest(
                "currency must be a currency's three letters, as in ISO 4217: EUR")
        }
        return currency
    }

    private func queryAmount(_ name: String) throws -> Int64? {
        guard let text = query[name] else { return nil }
        guard let amount = Int64(text), (0...Int64(Fields.amountMax)).contains(amount) else {
            throw Problem.badRequest("\(name) must be a whole number of minor units")
        }
        return amount
    }
}
