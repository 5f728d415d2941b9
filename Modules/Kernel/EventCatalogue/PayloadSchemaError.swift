/// A type whose payload could not be recorded; the type needs a change, or a way round it.
public struct PayloadSchemaError: Error, Hashable, CustomStringConvertible {
    /// The type whose schema was wanted.
    public internal(set) var payload = ""
    /// The type in it that could not be recorded, or itself.
    public let type: String
    /// Where that stands in the payload: `items[].kind`; empty for the payload itself.
    public let path: String
    /// What went wrong, as a clause.
    public let reason: String

    init(_ type: Any.Type, at path: [any CodingKey], _ reason: String) {
        self.type = String(describing: type)
        self.path = path.reduce(into: "") { text, key in
            let name = key.stringValue
            text += text.isEmpty || name == RecordedKey.element.stringValue ? name : "." + name
        }
        self.reason = reason
    }

    /// The sentence for whoever declared the type.
    public var description: String {
        let place = path.isEmpty ? "" : ", at \(path) (\(type))"
        return "the payload of \(payload) can't be recorded\(place): \(reason)"
    }
}
