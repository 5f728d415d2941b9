public import Events
import Foundation
import HTTPTypes

/// Reads the fields of a JSON object strictly and collects everything that is wrong with them.
///
/// Each reader notes a problem with its JSON pointer and returns a stand-in, so that the next can
/// look too; `finish()` throws if anything was noted or if a field was sent that nobody asked for.
///
/// ```swift
/// let input = try request.decode { fields in
///     NewOrder(items: fields.objects("items", count: 1...100) { item in
///         Item(product: item.id("productId"), quantity: item.int("quantity", in: 1...999))
///     })
/// }
/// ```
public struct Fields {
    /// A body with more wrong fields is not worth a longer answer.
    private static let errorCountMax = 50

    private let object: [String: JSONValue]
    private let path: String
    private var asked: Set<String> = []
    var errors: [Problem.FieldError] = []

    /// - Throws: ``Problem`` 400 when the body is no JSON or no object.
    init(body: Data) throws {
        let value: JSONValue
        do {
            value = try JSONValue(parsing: body)
        } catch {
            throw Problem(
                status: .badRequest, code: "request.malformed_json",
                detail: body.isEmpty ? "the body is empty" : "the body is not valid JSON")
        }
        guard case .object(let object) = value else {
            throw Problem(
                status: .badRequest, code: "request.malformed_json",
                detail: "the body must be a JSON object, not \(value.kind)")
        }
        self.init(object: object, path: "")
    }

    init(object: [String: JSONValue], path: String) {
        self.object = object
        self.path = path
    }

    /// Whether a field was sent at all, also as `null`.
    ///
    /// For merge patches (RFC 7396): a field that is absent keeps its value, one that is `null`
    /// loses it.
    public func has(_ name: String) -> Bool { object[name] != nil }

    /// Whether a field was sent as `null`.
    public func isNull(_ name: String) -> Bool { object[name] == .null }

    /// Notes a problem with a field.
    public mutating func reject(_ name: String, _ detail: String) {
        errors.append(Problem.FieldError(pointer: pointer(name), detail: detail))
    }

    /// Throws what was noted, unknown fields included.
    ///
    /// - Throws: ``Problem`` 422.
    mutating func finish() throws {
        rejectUnknown()
        if !errors.isEmpty { throw Problem.invalid(Array(errors.prefix(Self.errorCountMax))) }
    }

    mutating func rejectUnknown() {
        for name in object.keys.filter({ !asked.contains($0) }).sorted() {
            reject(name, "there is no such field")
        }
    }

    func pointer(_ name: String) -> String {
        let escaped = name.replacing("~", with: "~0").replacing("/", with: "~1")
        return "\(path)/\(escaped.prefix(100))"
    }

    mutating func value(_ name: String) -> JSONValue? {
        asked.insert(name)
        guard let value = object[name] else { return nil }
        if case .null = value { return nil }
        return value
    }

    mutating func required(_ name: String) -> JSONValue? {
        let value = value(name)
        if value == nil { reject(name, "this field is required") }
        return value
    }
}

// MARK: - Readers

extension Fields {
    /// Text of a length in characters; control characters are refused.
    public mutating func string(_ name: String, length: ClosedRange<Int>) -> String {
        required(name).flatMap { text($0, of: name, length: length) } ?? ""
    }

    /// Text that may be missing or `null`.
    public mutating func optionalString(_ name: String, length: ClosedRange<Int>) -> String? {
        value(name).flatMap { text($0, of: name, length: length) }
    }

    /// A secret: any text within the length, in Unicode scalars, control characters included.
    public mutating func secret(_ name: String, length: ClosedRange<Int>) -> String {
        guard let value = required(name) else { return "" }
        guard case .string(let text) = value else {
            reject(name, "must be a string, not \(value.kind)")
            return ""
        }
        guard length.contains(text.unicodeScalars.count) else {
            reject(name, "must have \(length.lowerBound) to \(length.upperBound) characters")
            return ""
        }
        return text
    }

    /// A whole number in a range.
    public mutating func int(_ name: String, in range: ClosedRange<Int>) -> Int {
        guard let value = required(name) else { return range.lowerBound }
        switch value {
        case .integer(let integer) where range.contains(Int(integer)):
            return Int(integer)
        case .integer:
            reject(name, "must be from \(range.lowerBound) to \(range.upperBound)")
        case .number(let number) where abs(number) >= 9.2e18:
            reject(name, "must be from \(range.lowerBound) to \(range.upperBound)")
        case .number:
            reject(name, "must be a whole number")
        case .null, .bool, .string, .array, .object:
            reject(name, "must be a whole number, not \(value.kind)")
        }
        return range.lowerBound
    }

    /// An id in its text form.
    public mutating func id<ID: Identifier>(_ name: String, as type: ID.Type = ID.self) -> ID? {
        guard let value = required(name) else { return nil }
        guard case .string(let text) = value, let id = ID(text) else {
            reject(name, "must be a UUID")
            return nil
        }
        return id
    }

    /// Any JSON value that is not `null`.
    public mutating func json(_ name: String) -> JSONValue { required(name) ?? .null }

    /// `true` or `false`; `default` when it is missing.
    public mutating func bool(_ name: String, default: Bool) -> Bool {
        guard let value = value(name) else { return `default` }
        guard case .bool(let bool) = value else {
            reject(name, "must be true or false, not \(value.kind)")
            return `default`
        }
        return bool
    }

    /// A map from text to text that may be missing; its keys have up to 64 characters.
    public mutating func optionalStrings(
        _ name: String, count: ClosedRange<Int>, length: ClosedRange<Int>
    ) -> [String: String]? {
        entries(name, count: count) { fields, key in fields.string(key, length: length) }
    }

    /// Changes of a map from text to text (RFC 7396): `nil` takes an entry away.
    public mutating func stringsPatch(
        _ name: String, count: ClosedRange<Int>, length: ClosedRange<Int>
    ) -> [String: String?]? {
        entries(name, count: count) { $0.optionalString($1, length: length) }
    }

    /// A map that may be missing, its entries read one by one; its keys have up to 64 characters.
    public mutating func entries<T>(
        _ name: String, count: ClosedRange<Int>, _ read: (inout Fields, String) -> T
    ) -> [String: T]? {
        guard let value = value(name) else { return nil }
        guard case .object(let object) = value else {
            reject(name, "must be an object, not \(value.kind)")
            return nil
        }
        guard count.contains(object.count) else {
            reject(name, "must have \(count.lowerBound) to \(count.upperBound) entries")
            return nil
        }
        let isKey = { (key: String) in
            (1...64).contains(key.count) && key.utf8.count <= 256 && !key.hasControls
        }
        guard object.keys.allSatisfy(isKey) else {
            reject(name, "must have keys of 1 to 64 characters, none of them a control")
            return nil
        }
        var nested = Fields(object: object, path: pointer(name))
        let entries = Dictionary(
            uniqueKeysWithValues: object.keys.sorted().map { key in
                (key, read(&nested, key))
            })
        errors += nested.errors
        return entries
    }

    /// A list of objects.
    public mutating func objects<T>(
        _ name: String, count: ClosedRange<Int>, _ read: (inout Fields) -> T
    ) -> [T] {
        var results: [T] = []
        for (index, element) in elements(name, count: count).enumerated() {
            let path = "\(pointer(name))/\(index)"
            if let result = nested(element, at: path, read) { results.append(result) }
        }
        return results
    }

    /// What an object within says, its unknown fields refused.
    mutating func nested<T>(
        _ value: JSONValue, of name: String, _ read: (inout Fields) -> T
    ) -> T? { nested(value, at: pointer(name), read) }

    private mutating func nested<T>(
        _ value: JSONValue, at path: String, _ read: (inout Fields) -> T
    ) -> T? {
        guard case .object(let object) = value else {
            errors.append(.init(pointer: path, detail: "must be an object, not \(value.kind)"))
            return nil
        }
        var nested = Fields(object: object, path: path)
        let result = read(&nested)
        nested.rejectUnknown()
        errors += nested.errors
        return result
    }

    /// An array of texts, each of a length in characters.
    public mutating func strings(
        _ name: String, count: ClosedRange<Int>, length: ClosedRange<Int>
    ) -> [String] {
        let elements = elements(name, count: count)
        var nested = Fields(
            object: Dictionary(
                uniqueKeysWithValues: elements.enumerated().map { ("\($0)", $1) }),
            path: pointer(name))
        let strings = elements.indices.map { nested.string("\($0)", length: length) }
        errors += nested.errors
        return strings
    }

    private mutating func elements(_ name: String, count: ClosedRange<Int>) -> [JSONValue] {
        guard let value = required(name) else { return [] }
        guard case .array(let elements) = value else {
            reject(name, "must be an array, not \(value.kind)")
            return []
        }
        guard count.contains(elements.count) else {
            reject(name, "must have \(count.lowerBound) to \(count.upperBound) elements")
            return []
        }
        return elements
    }

    private mutating func text(
        _ value: JSONValue, of name: String, length: ClosedRange<Int>
    ) -> String? {
        guard case .string(let text) = value else {
            reject(name, "must be a string, not \(value.kind)")
            return nil
        }
        guard length.contains(text.count), text.utf8.count <= 4 * length.upperBound else {
            reject(name, "must have \(length.lowerBound) to \(length.upperBound) characters")
            return nil
        }
        guard !text.hasControls else {
            reject(name, "must not have control characters")
            return nil
        }
        return text
    }
}

extension String {
    /// Line breaks, NUL and their kin, the bidirectional controls that reorder text, and what
    /// nobody sees: the zero width space, the byte order mark, and tags. Joiners and direction
    /// marks stay, for scripts and emoji are written with them.
    fileprivate var hasControls: Bool {
        unicodeScalars.contains { scalar in
            [.control, .lineSeparator, .paragraphSeparator]
                .contains(scalar.properties.generalCategory)
                || (0x202A...0x202E).contains(scalar.value)
                || (0x2066...0x2069).contains(scalar.value)
                || [0x200B, 0xFEFF].contains(scalar.value)
                || (0xE0000...0xE007F).contains(scalar.value)
        }
    }
}
