// The written form: the keywords of JSON Schema.

extension PayloadSchema: Codable {
    private enum CodingKeys: String, CodingKey {
        case definitions
    }

    /// Reads a schema of the subset that is written here; other keywords are ignored.
    ///
    /// - Throws: `DecodingError` when it is none.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            try Shape(from: decoder),
            definitions: try container.decodeIfPresent(
                [String: Shape].self, forKey: .definitions) ?? [:])
    }

    /// Writes the keywords; with sorted keys, equal schemas are equal bytes.
    public func encode(to encoder: any Encoder) throws {
        try shape.encode(to: encoder)
        guard !definitions.isEmpty else { return }
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(definitions, forKey: .definitions)
    }
}

private enum Keyword: String, CodingKey {
    case type, format, contentEncoding, items, properties, required, additionalProperties, anyOf
    case values = "enum"
    case constant = "const"
    case reference = "$ref"
}

/// The other half of a ``PayloadSchema/Shape/nullable(_:)``.
private struct Null: Codable {
    var type = "null"
}

extension PayloadSchema.Shape: Codable {
    /// Reads a schema without definitions.
    ///
    /// - Throws: `DecodingError` when it is none of the subset.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Keyword.self)
        if let target = try container.decodeIfPresent(String.self, forKey: .reference) {
            self = .reference(target)
            return
        }
        if container.contains(.anyOf) {
            var choices = try container.nestedUnkeyedContainer(forKey: .anyOf)
            self = .nullable(try choices.decode(Self.self))
            return
        }
        switch try container.decode(String.self, forKey: .type) {
        case "array":
            self = .array(of: try container.decode(Self.self, forKey: .items))
        case "object" where container.contains(.additionalProperties):
            self = .map(of: try container.decode(Self.self, forKey: .additionalProperties))
        case "object":
            let shapes = try container.decodeIfPresent([String: Self].self, forKey: .properties)
            let required = try container.decodeIfPresent(Set<String>.self, forKey: .required)
            self = .object(
                Dictionary(
                    uniqueKeysWithValues: (shapes ?? [:]).map { name, shape in
                        let isRequired = required?.contains(name) ?? false
                        return (name, .init(shape, isRequired: isRequired))
                    }))
        default:
            self = .scalar(try PayloadSchema.Scalar(from: decoder))
        }
    }

    /// Writes the keywords.
    public func encode(to encoder: any Encoder) throws {
        if case .scalar(let scalar) = self { return try scalar.encode(to: encoder) }
        var container = encoder.container(keyedBy: Keyword.self)
        switch self {
        case .scalar:
            break
        case .array(let element):
            try container.encode("array", forKey: .type)
            try container.encode(element, forKey: .items)
        case .map(let value):
            try container.encode("object", forKey: .type)
            try container.encode(value, forKey: .additionalProperties)
        case .object(let fields):
            try container.encode("object", forKey: .type)
            try container.encode(fields.mapValues { $0.shape }, forKey: .properties)
            let required = fields.filter { $0.value.isRequired }.keys.sorted()
            // Draft 4, which older tools still speak, wants at least one name.
            if !required.isEmpty { try container.encode(required, forKey: .required) }
        case .nullable(let shape):
            var choices = container.nestedUnkeyedContainer(forKey: .anyOf)
            try choices.encode(shape)
            try choices.encode(Null())
        case .reference(let target):
            try container.encode(target, forKey: .reference)
        }
    }
}

extension PayloadSchema.Scalar: Codable {
    /// Reads a scalar's schema.
    ///
    /// - Throws: `DecodingError` when it is none.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Keyword.self)
        let constant = try container.decodeIfPresent(PayloadSchema.Value.self, forKey: .constant)
        let values = try container.decodeIfPresent([PayloadSchema.Value].self, forKey: .values)
        self.init(
            try container.decode(PayloadSchema.Kind.self, forKey: .type),
            format: try container.decodeIfPresent(String.self, forKey: .format),
            contentEncoding: try container.decodeIfPresent(String.self, forKey: .contentEncoding),
            values: values ?? constant.map { [$0] } ?? [])
    }

    /// Writes the keywords; a list of one value is a constant.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Keyword.self)
        try container.encode(kind, forKey: .type)
        try container.encodeIfPresent(format, forKey: .format)
        try container.encodeIfPresent(contentEncoding, forKey: .contentEncoding)
        if values.count == 1 {
            try container.encode(values[0], forKey: .constant)
        } else if !values.isEmpty {
            try container.encode(values, forKey: .values)
        }
    }
}

extension PayloadSchema.Value: Codable {
    /// Reads a whole number or a text.
    ///
    /// - Throws: `DecodingError` when it is neither.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let number = try? container.decode(Int64.self) {
            self = .integer(number)
        } else {
            self = .string(try container.decode(String.self))
        }
    }

    /// Writes the value.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .integer(let number): try container.encode(number)
        case .string(let text): try container.encode(text)
        }
    }
}
