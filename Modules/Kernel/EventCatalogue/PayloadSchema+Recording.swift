extension PayloadSchema {
    /// Finds the schema of what `type` decodes from the JSON of `FlotillaJSON`.
    ///
    /// The type is decoded from dummy values. One that validates what it reads is tried with
    /// several of them, each type by itself, until it accepts one. What is decoded with `decode`
    /// is required; `decodeIfPresent`, or `contains` before `decode`, makes a field optional.
    ///
    /// - Throws: ``PayloadSchemaError`` when a type accepts none of the dummy values (an enum must
    ///   be `CaseIterable` to name its own), when it reads one place in several ways, when it
    ///   requires itself, or when it is a dictionary that is no JSON object.
    public init(of type: any Decodable.Type) throws {
        let recorder = PayloadRecorder()
        let shape: Shape
        do {
            shape = try recorder.shape(of: type)
        } catch var error as PayloadSchemaError {
            error.payload = String(describing: type)
            throw error
        }
        // At the root the shape itself is more use than a pointer to it.
        if case .reference(let target) = shape,
            let name = target.split(separator: "/").last,
            let definition = recorder.definitions[String(name)]
        {
            self.init(definition, definitions: recorder.definitions)
        } else {
            self.init(shape, definitions: recorder.definitions)
        }
    }
}
