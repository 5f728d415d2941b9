public import Events
public import Foundation

// What orders and catalogues are written with.

extension Fields {
    /// The largest amount that every JSON reader takes exactly: a `Double` has 53 bits (RFC 8259,
    /// section 6).
    public static let amountMax = (1 << 53) - 1

    /// An amount, `{"amount": 1999, "currency": "EUR"}`: minor units of an ISO 4217 currency.
    public mutating func money(
        _ name: String, in range: ClosedRange<Int> = 1...Self.amountMax
    ) -> Money? {
        object(name) { $0.amount(in: range) } ?? nil
    }

    /// An amount that may be missing or `null`.
    public mutating func optionalMoney(
        _ name: String, in range: ClosedRange<Int> = 1...Self.amountMax
    ) -> Money? {
        optionalObject(name) { $0.amount(in: range) } ?? nil
    }

    /// The fields of an amount, where the object itself is one.
    public mutating func amount(in range: ClosedRange<Int> = 1...Self.amountMax) -> Money? {
        let amount = int("amount", in: range)
        guard let currency = currency("currency") else { return nil }
        return Money(amount: Int64(amount), currency: currency)
    }

    /// The code of a currency of today.
    public mutating func currency(_ name: String) -> Currency? {
        required(name).flatMap { currency($0, of: name) }
    }

    /// The code of a currency of today that may be missing or `null`.
    public mutating func optionalCurrency(_ name: String) -> Currency? {
        value(name).flatMap { currency($0, of: name) }
    }

    /// A whole number in a range that may be missing or `null`.
    public mutating func optionalInt(_ name: String, in range: ClosedRange<Int>) -> Int? {
        value(name) == nil ? nil : int(name, in: range)
    }

    /// An instant as RFC 3339 writes it; `nil` when it was refused.
    public mutating func date(_ name: String) -> Date? {
        required(name).flatMap { date($0, of: name) }
    }

    /// An instant that may be missing or `null`.
    public mutating func optionalDate(_ name: String) -> Date? {
        value(name).flatMap { date($0, of: name) }
    }

    /// An id that may be missing or `null`.
    public mutating func optionalID<ID: Identifier>(
        _ name: String, as type: ID.Type = ID.self
    ) -> ID? {
        value(name) == nil ? nil : id(name)
    }

    /// `true` or `false` that may be missing or `null`.
    public mutating func optionalBool(_ name: String) -> Bool? {
        value(name) == nil ? nil : bool(name, default: false)
    }

    /// One of some words.
    public mutating func choice<Choice>(
        _ name: String, as type: Choice.Type = Choice.self
    ) -> Choice? where Choice: RawRepresentable<String> & CaseIterable {
        required(name).flatMap { choice($0, of: name) }
    }

    /// One of some words that may be missing or `null`.
    public mutating func optionalChoice<Choice>(
        _ name: String, as type: Choice.Type = Choice.self
    ) -> Choice? where Choice: RawRepresentable<String> & CaseIterable {
        value(name).flatMap { choice($0, of: name) }
    }

    /// An object within.
    public mutating func object<T>(_ name: String, _ read: (inout Fields) -> T) -> T? {
        required(name).flatMap { nested($0, of: name, read) }
    }

    /// An object within that may be missing or `null`.
    public mutating func optionalObject<T>(_ name: String, _ read: (inout Fields) -> T) -> T? {
        value(name).flatMap { nested($0, of: name, read) }
    }

    /// A list of objects that may be missing or `null`.
    public mutating func optionalObjects<T>(
        _ name: String, count: ClosedRange<Int>, _ read: (inout Fields) -> T
    ) -> [T]? {
        value(name) == nil ? nil : objects(name, count: count, read)
    }

    /// An array of texts that may be missing or `null`.
    public mutating func optionalStringArray(
        _ name: String, count: ClosedRange<Int>, length: ClosedRange<Int>
    ) -> [String]? {
        value(name) == nil ? nil : strings(name, count: count, length: length)
    }

    /// A map from names to objects that may be missing or `null`: texts by language.
    public mutating func optionalObjectMap<T>(
        _ name: String, count: ClosedRange<Int>, _ read: (inout Fields) -> T
    ) -> [String: T]? {
        entries(name, count: count) { fields, key in fields.object(key, read) }?
            .compactMapValues(\.self)
    }

    /// A map from names to values of any kind but `null` that may be missing: attributes.
    public mutating func optionalValueMap(
        _ name: String, count: ClosedRange<Int>
    ) -> [String: JSONValue]? {
        entries(name, count: count) { $0.json($1) }
    }

    // MARK: - One value

    private mutating func currency(_ value: JSONValue, of name: String) -> Currency? {
        guard case .string(let code) = value, let currency = Currency(rawValue: code),
            currency.isISO4217
        else {
            reject(name, "must be the ISO 4217 code of a currency, in capitals")
            return nil
        }
        return currency
    }

    private mutating func date(_ value: JSONValue, of name: String) -> Date? {
        guard case .string(let text) = value, let date = FlotillaJSON.date(rfc3339: text) else {
            reject(name, "must be an RFC 3339 time: 2026-01-31T09:30:00Z")
            return nil
        }
        return date
    }

    private mutating func choice<Choice>(_ value: JSONValue, of name: String) -> Choice?
    where Choice: RawRepresentable<String> & CaseIterable {
        guard case .string(let text) = value, let choice = Choice(rawValue: text) else {
            let words = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            reject(name, "must be one of \(words)")
            return nil
        }
        return choice
    }
}
