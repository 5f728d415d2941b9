import Events

extension EventCatalogue {
    /// The document of ``asyncAPI()``, and the one that a snapshot is compared with.
    func document() throws -> AsyncAPIDocument {
        var keys = DistinctKeys()
        var document = AsyncAPIDocument(
            info: .init(title: title, version: version), channels: [:], operations: [:],
            components: .init(schemas: [:]))
        for entry in entries {
            let topic = entry.event.topic.rawValue
            let type = entry.event.type.rawValue
            let key = try keys.key(for: type, in: "messages", isNew: true)
            let channel = try keys.key(for: topic, in: "channels")
            let pointer = AsyncAPIDocument.pointer(toSchema: key)
            document.components.schemas[key] =
                try PayloadSchema(of: entry.event).relocated(to: pointer)
            document.channels[channel, default: .init(address: topic)].messages[key] = .init(
                name: type, title: title(of: type), summary: summary(of: entry),
                headers: headers(of: entry), payload: PayloadSchema(.reference(pointer)))
            let message = AsyncAPIDocument.Reference(
                target: "#/channels/\(channel)/messages/\(key)")

            let sending = try keys.key(for: "\(entry.publisher) sends \(topic)", in: "operations")
            document.operations[
                sending,
                default: .init(
                    action: .send, title: "\(entry.publisher) says", channel: .to(channel),
                    messages: [], module: entry.publisher)
            ].messages.append(message)
            for consumer in Set(entry.consumers) {
                let receiving = try keys.key(
                    for: "\(consumer) receives \(topic)", in: "operations")
                document.operations[
                    receiving,
                    default: .init(
                        action: .receive, title: "\(consumer) hears", channel: .to(channel),
                        messages: [], module: module(of: consumer), consumer: consumer)
                ].messages.append(message)
            }
        }
        return document
    }

    /// The module in a consumer's name, which is `<module>.<purpose>`.
    func module(of consumer: String) -> String {
        String(consumer.prefix { $0 != "." })
    }

    /// `User registered, V1` for `UserRegisteredEventV1`.
    private func title(of type: String) -> String {
        guard let match = type.wholeMatch(of: /(.+?)Event(V\d+)/) else { return type }
        let words = match.1.dropFirst().replacing(/[A-Z]/) { " \($0.0.lowercased())" }
        return "\(match.1.prefix(1))\(words), \(match.2)"
    }

    private func summary(of entry: Entry) -> String {
        let consumers = entry.consumers.sorted()
        return "Published by \(entry.publisher); "
            + (consumers.isEmpty
                ? "nobody hears it." : "heard by \(consumers.joined(separator: ", ")).")
    }

    /// The attributes of CloudEvents in Kafka's binary mode, with the system's extensions.
    private func headers(of entry: Entry) -> PayloadSchema {
        func constant(_ texts: String...) -> PayloadSchema.Field { oneOf(texts) }
        func oneOf(_ texts: [String]) -> PayloadSchema.Field {
            .init(.scalar(.init(.string, values: texts.map { .string($0) })))
        }
        func text(_ format: String? = nil, isRequired: Bool = true) -> PayloadSchema.Field {
            .init(.scalar(.init(.string, format: format)), isRequired: isRequired)
        }
        return PayloadSchema(
            .object([
                "ce_id": text("uuid"),
                "ce_type": constant(entry.event.type.rawValue),
                "ce_source": oneOf(entry.sources.sorted()),
                "ce_specversion": constant(Envelope.specificationVersion),
                "ce_time": text("date-time"),
                "ce_subject": text(),
                "ce_sequence": text(isRequired: false),
                "correlationId": text(),
                "causationId": text("uuid", isRequired: false),
                "requestId": text(isRequired: false),
                "traceparent": text(isRequired: false),
            ]))
    }
}

extension AsyncAPIDocument.Reference {
    fileprivate static func to(_ channel: String) -> Self { .init(target: "#/channels/\(channel)") }
}

/// Makes keys of names and sees to it that different names keep different keys.
private struct DistinctKeys {
    /// The names by their keys, by the object that the keys belong to.
    private var names: [String: [String: String]] = [:]

    /// - Parameter isNew: whether the same name may not come twice, either.
    mutating func key(
        for name: String, in object: String, isNew: Bool = false
    ) throws(EventCatalogueError) -> String {
        let key = JSONKey.key(for: name)
        let known = names[object, default: [:]].updateValue(name, forKey: key)
        if let known, isNew || known != name { throw .sameKey(known, name) }
        return key
    }
}
