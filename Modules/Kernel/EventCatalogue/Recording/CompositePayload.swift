/// A type of the standard library that holds values of another one.
///
/// They decode themselves, but asking their element's type first is what ends a type that
/// contains itself: an array can be empty.
protocol CompositePayload {
    static func record(
        with recorder: PayloadRecorder, at path: [any CodingKey], _ dummies: DummyValues
    ) throws -> (shape: PayloadSchema.Shape, value: Any)
}

extension Optional: CompositePayload where Wrapped: Decodable {
    static func record(
        with recorder: PayloadRecorder, at path: [any CodingKey], _ dummies: DummyValues
    ) throws -> (shape: PayloadSchema.Shape, value: Any) {
        let (shape, value) = try recorder.record(Wrapped.self, at: path, dummies)
        return (.nullable(shape), value as Any)
    }
}

extension Array: CompositePayload where Element: Decodable {
    static func record(
        with recorder: PayloadRecorder, at path: [any CodingKey], _ dummies: DummyValues
    ) throws -> (shape: PayloadSchema.Shape, value: Any) {
        let (shape, value) = try recorder.record(
            Element.self, at: path + [RecordedKey.element], dummies)
        return (.array(of: shape), value.map { [$0] } ?? [])
    }
}

extension Set: CompositePayload where Element: Decodable {
    static func record(
        with recorder: PayloadRecorder, at path: [any CodingKey], _ dummies: DummyValues
    ) throws -> (shape: PayloadSchema.Shape, value: Any) {
        let (shape, value) = try recorder.record(
            Element.self, at: path + [RecordedKey.element], dummies)
        return (.array(of: shape), Set(value.map { [$0] } ?? []))
    }
}

extension Dictionary: CompositePayload where Key: Decodable, Value: Decodable {
    static func record(
        with recorder: PayloadRecorder, at path: [any CodingKey], _ dummies: DummyValues
    ) throws -> (shape: PayloadSchema.Shape, value: Any) {
        // Others are written as an array in which keys and values take turns.
        let isObject = Key.self is any CodingKeyRepresentable.Type
        guard isObject else {
            throw PayloadSchemaError(
                Self.self, at: path, "its keys must be String, Int or CodingKeyRepresentable")
        }
        let (_, key) = try recorder.record(Key.self, at: path, dummies)
        let (shape, value) = try recorder.record(
            Value.self, at: path + [RecordedKey.element], dummies)
        var values: Self = [:]
        if let key, let value { values[key] = value }
        return (.map(of: shape), values)
    }
}
