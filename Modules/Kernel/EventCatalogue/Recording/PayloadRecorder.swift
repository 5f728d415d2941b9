import Events
import Foundation

/// Decodes types from dummy values and keeps what they asked for.
///
/// A class because decoders and containers, which are values, share it; it lives for one schema
/// and never leaves the thread that makes it.
final class PayloadRecorder {
    /// The shapes of the types that contain themselves, by name.
    private(set) var definitions: [String: PayloadSchema.Shape] = [:]

    /// Types that are done, with a value that can be handed out where one is asked for.
    private var finished: [ObjectIdentifier: (shape: PayloadSchema.Shape, value: Any)] = [:]
    /// Types whose decoding is under way, outermost first.
    private var underWay: [ObjectIdentifier] = []
    /// Names of the types that were asked for while they were under way.
    private var names: [ObjectIdentifier: String] = [:]

    func shape<T: Decodable>(of type: T.Type) throws -> PayloadSchema.Shape {
        try record(type, at: [], DummyValues()).shape
    }

    /// The shape of a type, with a value unless the type is under way: then it contains itself,
    /// and only a place that can do without a value may go on.
    ///
    /// - Parameter dummies: the present try of the type around it, for values without parts;
    ///   other types are tried by themselves.
    func record<T: Decodable>(
        _ type: T.Type, at path: [any CodingKey], _ dummies: DummyValues
    ) throws -> (shape: PayloadSchema.Shape, value: T?) {
        if let scalar = type as? any ScalarPayload.Type {
            return (.scalar(scalar.scalar), try scalar.dummy(dummies) as? T)
        }
        let id = ObjectIdentifier(type)
        if let (shape, value) = finished[id] { return (shape, value as? T) }
        if underWay.contains(id) { return (.reference(pointer(to: type)), nil) }
        if let identifier = type as? any Identifier.Type {
            return (.scalar(.uuid), dummy(of: identifier) as? T)
        }
        if let composite = type as? any CompositePayload.Type {
            let (shape, value) = try composite.record(with: self, at: path, dummies)
            return (shape, value as? T)
        }
        underWay.append(id)
        defer { underWay.removeLast() }
        var (shape, value) = try recordCases(of: type, at: path) ?? search(type, at: path)
        if let name = names[id] {
            definitions[name] = shape
            shape = .reference(pointer(to: type))
        }
        finished[id] = (shape, value)
        return (shape, value)
    }

    /// Tries the values that the type itself lists, if it does; every one of them must be read.
    private func recordCases<T: Decodable>(
        of type: T.Type, at path: [any CodingKey]
    ) throws -> (shape: PayloadSchema.Shape, value: T)? {
        guard let listed = type as? any CaseIterable.Type else { return nil }
        let values = rawValues(of: listed)
        var last: (shape: PayloadSchema.Shape, value: T)?
        for value in values {
            guard let decoded = try? attempt(type, DummyValues(only: value), at: path) else {
                return nil
            }
            last = decoded
        }
        guard let last, case .scalar(let scalar) = last.shape, scalar.values.isEmpty else {
            return nil
        }
        let shape = PayloadSchema.Scalar(scalar.kind, format: scalar.format, values: values)
        return (.scalar(shape), last.value)
    }

    /// Tries one set of dummy values after the other.
    private func search<T: Decodable>(
        _ type: T.Type, at path: [any CodingKey]
    ) throws -> (shape: PayloadSchema.Shape, value: T) {
        var refusal: (any Error)?
        for dummies in DummyValues.all {
            do {
                return try attempt(type, dummies, at: path)
            } catch let error as PayloadSchemaError {
                // A type inside this one, which other values here cannot help.
                throw error
            } catch {
                refusal = refusal ?? error
                if dummies.handedOut == 0 { break }
            }
        }
        throw PayloadSchemaError(type, at: path, reason(of: refusal))
    }

    private func attempt<T: Decodable>(
        _ type: T.Type, _ dummies: DummyValues, at path: [any CodingKey]
    ) throws -> (shape: PayloadSchema.Shape, value: T) {
        let sketch = SchemaSketch()
        let place = RecordingPlace(recorder: self, dummies: dummies, sketch: sketch, path: path)
        let value = try T(from: RecordingDecoder(place: place))
        return (sketch.shape, value)
    }

    private func reason(of refusal: (any Error)?) -> String {
        let advice = "it accepts none of the values that were tried; an enum must be CaseIterable"
        guard let refusal = refusal as? DecodingError else { return advice }
        switch refusal {
        case .dataCorrupted(let context), .typeMismatch(_, let context),
            .valueNotFound(_, let context), .keyNotFound(_, let context):
            return "\(advice) (\(context.debugDescription))"
        @unknown default:
            return advice
        }
    }

    private func pointer(to type: Any.Type) -> String {
        let id = ObjectIdentifier(type)
        if let name = names[id] { return "#/definitions/" + name }
        let plain = JSONKey.key(for: String(describing: type))
        var name = plain
        var number = 2
        while names.values.contains(name) {
            name = "\(plain)-\(number)"
            number += 1
        }
        names[id] = name
        return "#/definitions/" + name
    }
}

private func dummy<I: Identifier>(of type: I.Type) -> I { I(UUID()) }

/// What the cases of a raw enum are on the wire; empty when they have no such value.
private func rawValues<C: CaseIterable>(of type: C.Type) -> [PayloadSchema.Value] {
    type.allCases.compactMap { one in
        guard let raw = (one as? any RawRepresentable)?.rawValue else { return nil }
        if let text = raw as? String { return .string(text) }
        return (raw as? any BinaryInteger).flatMap { Int64(exactly: $0) }.map { .integer($0) }
    }
}
