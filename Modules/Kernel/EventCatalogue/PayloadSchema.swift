/// The JSON Schema of an event's payload.
///
/// It is found by decoding the type from a decoder that notes what is asked for, so it says what a
/// reader needs and cannot drift from the code. The subset used means the same in draft-07, which
/// AsyncAPI 3 is built on, and in draft 2020-12. Fields that a reader does not know are ignored,
/// so objects are never closed.
public struct PayloadSchema: Sendable, Hashable {
    /// The payload itself.
    public let shape: Shape

    /// The shapes of types that contain themselves, by name; ``Shape/reference(_:)`` points here.
    public let definitions: [String: Shape]

    /// Puts a schema together.
    public init(_ shape: Shape, definitions: [String: Shape] = [:]) {
        self.shape = shape
        self.definitions = definitions
    }

    /// What one JSON value looks like.
    public indirect enum Shape: Sendable, Hashable {
        /// A boolean, number or string.
        case scalar(Scalar)
        /// An array whose elements are alike.
        case array(of: Shape)
        /// An object whose keys are data and whose values are alike.
        case map(of: Shape)
        /// An object whose keys are names of fields.
        case object([String: Field])
        /// The value or `null`.
        case nullable(Shape)
        /// A JSON pointer to a definition: `#/definitions/Category`.
        case reference(String)
    }

    /// A field of an object.
    public struct Field: Sendable, Hashable {
        /// What its value looks like.
        public let shape: Shape
        /// Whether a reader fails without it.
        public let isRequired: Bool

        /// Puts a field together.
        public init(_ shape: Shape, isRequired: Bool = true) {
            self.shape = shape
            self.isRequired = isRequired
        }
    }

    /// A value without parts.
    public struct Scalar: Sendable, Hashable {
        /// Its JSON type.
        public let kind: Kind
        /// What the text or number means: `date-time`, `uuid`, `uri`, `int64`, `double`, …
        public let format: String?
        /// How bytes are written as text: `base64`.
        public let contentEncoding: String?
        /// The only values allowed, sorted; empty when there is no such list.
        public let values: [Value]

        /// Puts a scalar together.
        public init(
            _ kind: Kind, format: String? = nil, contentEncoding: String? = nil,
            values: [Value] = []
        ) {
            self.kind = kind
            self.format = format
            self.contentEncoding = contentEncoding
            self.values = values.sorted()
        }
    }

    /// The JSON type of a scalar.
    public enum Kind: String, Sendable, Codable, CaseIterable {
        case boolean
        case integer
        case number
        case string
    }

    /// A value that a schema names.
    public enum Value: Sendable, Hashable, Comparable, CustomStringConvertible {
        /// A whole number.
        case integer(Int64)
        /// A text.
        case string(String)

        /// The value as a reader of a sentence expects it.
        public var description: String {
            switch self {
            case .integer(let number): "\(number)"
            case .string(let text): text
            }
        }
    }
}

extension PayloadSchema {
    /// The same schema as a part of a larger document, where it stands at `pointer`.
    ///
    /// References are pointers from the root of a document, so moving the schema moves them.
    func relocated(to pointer: String) -> PayloadSchema {
        PayloadSchema(
            shape.relocated(to: pointer),
            definitions: definitions.mapValues { $0.relocated(to: pointer) })
    }
}

extension PayloadSchema.Shape {
    fileprivate func relocated(to pointer: String) -> Self {
        switch self {
        case .scalar: self
        case .array(let element): .array(of: element.relocated(to: pointer))
        case .map(let value): .map(of: value.relocated(to: pointer))
        case .object(let fields):
            .object(
                fields.mapValues {
                    .init($0.shape.relocated(to: pointer), isRequired: $0.isRequired)
                })
        case .nullable(let shape): .nullable(shape.relocated(to: pointer))
        case .reference(let target): .reference(pointer + target.dropFirst())
        }
    }
}
