// One generic `decode` in each container answers for every type; the recorder knows the scalars.

struct RecordingKeyedContainer<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let place: RecordingPlace

    var codingPath: [any CodingKey] { place.path }

    /// A key for types that take any key; no type with keys of its own knows it.
    var allKeys: [Key] {
        Key(stringValue: RecordedKey.any.stringValue).map { key in
            _ = place.sketch.sharedElement()
            return [key]
        } ?? []
    }

    func contains(_ key: Key) -> Bool {
        if !isShared(key) { place.sketch.probe(key.stringValue) }
        return true
    }

    func decodeNil(forKey key: Key) -> Bool {
        // After `contains` it is one half of `decodeIfPresent`; alone, it reads a written null.
        if isShared(key) || !place.sketch.isProbed(key.stringValue) {
            field(key).sketch.markNullable()
        }
        return false
    }

    func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
        try field(key).value(type)
    }

    func decodeIfPresent<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T? {
        _ = contains(key)
        return try field(key).valueIfFinite(type)
    }

    func nestedContainer<NestedKey: CodingKey>(
        keyedBy type: NestedKey.Type, forKey key: Key
    ) -> KeyedDecodingContainer<NestedKey> {
        RecordingDecoder(place: field(key)).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedDecodingContainer {
        RecordingDecoder(place: field(key)).unkeyedContainer()
    }

    func superDecoder() -> any Decoder {
        let key = RecordedKey.superclass
        return RecordingDecoder(place: place.at(key, place.sketch.field(key.stringValue)))
    }

    func superDecoder(forKey key: Key) -> any Decoder { RecordingDecoder(place: field(key)) }

    private func field(_ key: Key) -> RecordingPlace {
        isShared(key)
            ? place.at(RecordedKey.element, place.sketch.sharedElement())
            : place.at(key, place.sketch.field(key.stringValue))
    }

    /// Whether the key came from `allKeys`, and so stands for any.
    private func isShared(_ key: Key) -> Bool {
        key.stringValue == RecordedKey.any.stringValue && place.sketch.hasSharedElement
    }
}

struct RecordingUnkeyedContainer: UnkeyedDecodingContainer {
    let place: RecordingPlace
    private(set) var currentIndex = 0

    init(place: RecordingPlace) { self.place = place }

    var codingPath: [any CodingKey] { place.path }
    var count: Int? { 1 }
    var isAtEnd: Bool { currentIndex > 0 }

    func decodeNil() -> Bool {
        place.sketch.sharedElement().markNullable()
        return false
    }

    mutating func decode<T: Decodable>(_ type: T.Type) throws -> T { try element().value(type) }

    mutating func nestedContainer<NestedKey: CodingKey>(
        keyedBy type: NestedKey.Type
    ) -> KeyedDecodingContainer<NestedKey> {
        RecordingDecoder(place: element()).container(keyedBy: type)
    }

    mutating func nestedUnkeyedContainer() -> any UnkeyedDecodingContainer {
        RecordingDecoder(place: element()).unkeyedContainer()
    }

    mutating func superDecoder() -> any Decoder { RecordingDecoder(place: element()) }

    private mutating func element() -> RecordingPlace {
        currentIndex += 1
        return place.at(RecordedKey.element, place.sketch.sharedElement())
    }
}

struct RecordingSingleValueContainer: SingleValueDecodingContainer {
    let place: RecordingPlace

    var codingPath: [any CodingKey] { place.path }

    func decodeNil() -> Bool {
        place.sketch.markNullable()
        return false
    }

    func decode<T: Decodable>(_ type: T.Type) throws -> T { try place.value(type) }
}
