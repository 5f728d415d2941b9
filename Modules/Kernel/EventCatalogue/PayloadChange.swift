/// One difference between two versions of an event type.
enum PayloadChange {
    case newType
    case removedType
    case moved(from: String, to: String)
    case removedField(String, wasRequired: Bool)
    case newField(String, isRequired: Bool)
    case nowRequired(String)
    case nowOptional(String)
    case reshaped(String, from: PayloadSchema.Shape, to: PayloadSchema.Shape)
    case newValue(String, PayloadSchema.Value)
    case removedValue(String, PayloadSchema.Value)

    var severity: SchemaCompatibility.Severity {
        switch self {
        case .newType, .newField(_, isRequired: false), .removedField(_, wasRequired: false):
            .additive
        case .removedType, .moved, .newField, .removedField, .nowRequired, .nowOptional,
            .reshaped, .newValue, .removedValue:
            .breaking
        }
    }

    /// Whether the change is fine when it is made in a new version, beside the old one.
    var needsNewVersion: Bool {
        if case .removedType = self { return false }
        return severity == .breaking
    }

    /// The difference, and what comes of it.
    var clause: String {
        switch self {
        case .newType:
            "the type is new"
        case .removedType:
            "the type is gone, but the log keeps its events; keep its declaration"
        case .moved(let old, let new):
            "it moved from \(old) to \(new), where its readers do not listen"
        case .removedField(let path, wasRequired: true):
            "\(path) is gone, but older readers require it"
        case .removedField(let path, wasRequired: false):
            "\(path), which was optional, is gone"
        case .newField(let path, isRequired: true):
            "\(path) is new and required, but older events lack it"
        case .newField(let path, isRequired: false):
            "\(path) is new and optional"
        case .nowRequired(let path):
            "\(path) was optional and is required, but older events may lack it"
        case .nowOptional(let path):
            "\(path) was required and is optional, but older readers require it"
        case .reshaped(let path, let old, let new):
            "\(path) was \(old.words) and is \(new.words)"
        case .newValue(let path, let value):
            "\(path) may now be \(value), which older readers refuse"
        case .removedValue(let path, let value):
            "\(path) may no longer be \(value), which older events may say"
        }
    }
}

extension PayloadSchema.Shape {
    /// The shape as it is called in a sentence, without its parts.
    fileprivate var words: String {
        switch self {
        case .scalar(let scalar):
            [scalar.kind.rawValue, (scalar.format ?? scalar.contentEncoding).map { "(\($0))" }]
                .compactMap { $0 }.joined(separator: " ")
                + (scalar.values.isEmpty ? "" : " from a list")
        case .array: "array"
        case .map: "object with any keys"
        case .object: "object"
        case .nullable(let shape): shape.words + " or null"
        case .reference(let pointer): String(pointer.split(separator: "/").last ?? "")
        }
    }
}
