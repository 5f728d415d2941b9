/// What was asked for at one place of the payload, as it grows while a type decodes itself.
///
/// A class because a decoder and all containers made from it draw the same place.
final class SchemaSketch {
    private var outline = Outline.untouched
    private var fields: [String: (sketch: SchemaSketch, isOptional: Bool)] = [:]
    private var element: SchemaSketch?
    private var isNullable = false

    private enum Outline {
        case untouched
        case object
        case array
        case settled(PayloadSchema.Shape)
    }

    /// What is known by now.
    var shape: PayloadSchema.Shape {
        let plain: PayloadSchema.Shape
        switch outline {
        case .settled(let shape):
            plain = shape
        case .array:
            plain = .array(of: element?.shape ?? .object([:]))
        case .object where fields.isEmpty && element != nil:
            plain = .map(of: element?.shape ?? .object([:]))
        case .untouched, .object:
            plain = .object(
                fields.mapValues { .init($0.sketch.shape, isRequired: !$0.isOptional) })
        }
        if case .nullable = plain { return plain }
        return isNullable ? .nullable(plain) : plain
    }

    func markNullable() { isNullable = true }

    func becomeObject() { if case .untouched = outline { outline = .object } }

    func becomeArray() { if case .untouched = outline { outline = .array } }

    /// Takes the shape of a whole value; `false` when the place already has another one.
    func settle(_ shape: PayloadSchema.Shape) -> Bool {
        switch outline {
        case .untouched: outline = .settled(shape)
        case .settled(let other): return other == shape
        case .object, .array: return false
        }
        return true
    }

    /// Notes that the type looks whether a field is there; so it can do without.
    func probe(_ name: String) {
        let sketch = fields[name]?.sketch ?? SchemaSketch()
        fields[name] = (sketch, isOptional: true)
    }

    func isProbed(_ name: String) -> Bool { fields[name]?.isOptional ?? false }

    /// The place of a field's value.
    func field(_ name: String) -> SchemaSketch {
        if let field = fields[name] { return field.sketch }
        let sketch = SchemaSketch()
        fields[name] = (sketch, isOptional: false)
        return sketch
    }

    var hasSharedElement: Bool { element != nil }

    /// The place that all elements of an array, or all values of a map, share.
    func sharedElement() -> SchemaSketch {
        let sketch = element ?? SchemaSketch()
        element = sketch
        return sketch
    }
}
