/// A place in the payload that a type is reading, and what it is read with.
struct RecordingPlace {
    let recorder: PayloadRecorder
    let dummies: DummyValues
    let sketch: SchemaSketch
    let path: [any CodingKey]

    func at(_ key: any CodingKey, _ sketch: SchemaSketch) -> Self {
        Self(recorder: recorder, dummies: dummies, sketch: sketch, path: path + [key])
    }

    /// Hands out a value and notes its shape; `nil` for a type that is inside itself here.
    func valueIfFinite<T: Decodable>(_ type: T.Type) throws -> T? {
        let (shape, value) = try recorder.record(type, at: path, dummies)
        guard sketch.settle(shape) else {
            throw PayloadSchemaError(type, at: path, "one place is read in several ways")
        }
        return value
    }

    func value<T: Decodable>(_ type: T.Type) throws -> T {
        guard let value = try valueIfFinite(type) else {
            throw PayloadSchemaError(type, at: path, "it requires another of itself, without end")
        }
        return value
    }
}

/// Stands in for a JSON decoder, notes what a type asks for and makes the answers up.
struct RecordingDecoder: Decoder {
    let place: RecordingPlace

    var codingPath: [any CodingKey] { place.path }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedDecodingContainer<Key> {
        place.sketch.becomeObject()
        return KeyedDecodingContainer(RecordingKeyedContainer(place: place))
    }

    func unkeyedContainer() -> any UnkeyedDecodingContainer {
        place.sketch.becomeArray()
        return RecordingUnkeyedContainer(place: place)
    }

    func singleValueContainer() -> any SingleValueDecodingContainer {
        RecordingSingleValueContainer(place: place)
    }
}

/// A key of the recorder's own.
struct RecordedKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }

    /// Stands for every element of an array and every value of a map.
    static let element = RecordedKey(stringValue: "[]")
    /// What a class hands its superclass, by the convention of `Codable`.
    static let superclass = RecordedKey(stringValue: "super")
    /// What `allKeys` names to a type that takes any.
    static let any = RecordedKey(stringValue: "key")
}
