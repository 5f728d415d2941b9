public import Events
public import Foundation

// Fields within fields, and those that may be missing.

extension Fields {
    /// An object that may be missing or `null`.
    public mutating func optionalObject<T>(
        _ name: String, _ read: (inout Fields) -> T
    ) -> T? {
        guard let value = value(name) else { return nil }
        guard case .object(let object) = value else {
            reject(name, "must be an object, not \(value.kind)")
            return nil
        }
        var nested = Fields(object: object, path: pointer(name))
        let result = read(&nested)
        nested.rejectUnknown()
        errors += nested.errors
        return result
    }

    /// A list of objects that may be missing or `null`.
    public mutating func optionalObjects<T>(
        _ name: String, count: ClosedRange<Int>, _ read: (inout Fields) -> T
    ) -> [T]? {
        value(name) == nil ? nil : objects(name, count: count, read)
    }

    /// A list of texts that may be missing or `null`.
    public mutating func optionalStringList(
        _ name: String, count: ClosedRange<Int>, length: ClosedRange<Int>
    ) -> [String]? {
        value(name) == nil ? nil : strings(name, count: count, length: length)
    }

    /// A whole number that may be missing or `null`.
    public mutating func optionalInt(_ name: String, in range: ClosedRange<Int>) -> Int? {
        value(name) == nil ? nil : int(name, in: range)
    }

    /// An id that may be missing or `null`.
    public mutating func optionalID<ID: Identifier>(
        _ name: String, as type: ID.Type = ID.self
    ) -> ID? {
        value(name) == nil ? nil : id(name)
    }

    /// An RFC 3339 time that may be missing or `null`.
    public mutating func optionalDate(_ name: String) -> Date? {
        guard let text = optionalString(name, length: 1...40) else { return nil }
        guard let date = FlotillaJSON.date(rfc3339: text) else {
            reject(name, "must be an RFC 3339 time, as 2026-07-01T12:00:00Z")
            return nil
        }
        return date
    }

    /// A field that may be sent and says nothing, as those that only answers have.
    public mutating func ignore(_ name: String) { _ = value(name) }

    /// Notes a problem with a field of an element of a list.
    public mutating func reject(
        _ list: String, at index: Int, _ name: String, _ detail: String
    ) {
        errors.append(
            .init(pointer: "\(pointer(list))/\(index)/\(name)", detail: detail))
    }
}
