/// The part of AsyncAPI 3.0.0 that a catalogue needs, in the names of the specification.
struct AsyncAPIDocument: Codable {
    var asyncapi = "3.0.0"
    var info: Info
    var defaultContentType = "application/json"
    var channels: [String: Channel]
    var operations: [String: Operation]
    var components: Components

    struct Info: Codable {
        var title: String
        var version: String
    }

    struct Channel: Codable {
        var address: String
        var messages: [String: Message] = [:]
    }

    struct Message: Codable {
        var name: String
        var title: String
        var summary: String
        var contentType = "application/json"
        var correlationId = CorrelationID()
        var headers: PayloadSchema
        var payload: PayloadSchema
    }

    struct CorrelationID: Codable {
        var location = "$message.header#/correlationId"
        var description = "Shared by everything that one request causes."
    }

    struct Operation: Codable {
        var action: Action
        var title: String
        var channel: Reference
        var messages: [Reference]
        var module: String
        var consumer: String?

        enum CodingKeys: String, CodingKey {
            case action, title, channel, messages
            case module = "x-flotilla-module"
            case consumer = "x-flotilla-consumer"
        }
    }

    enum Action: String, Codable {
        case send
        case receive
    }

    struct Reference: Codable, Hashable {
        var target: String

        enum CodingKeys: String, CodingKey {
            case target = "$ref"
        }
    }

    struct Components: Codable {
        var schemas: [String: PayloadSchema]
    }
}

extension AsyncAPIDocument {
    /// Where the schema of a type's payload stands.
    static func pointer(toSchema key: String) -> String { "#/components/schemas/\(key)" }

    /// The shape behind any number of references.
    ///
    /// - Throws: ``EventCatalogueError/danglingReference(_:)``.
    func resolve(_ shape: PayloadSchema.Shape) throws -> PayloadSchema.Shape {
        guard case .reference(let pointer) = shape else { return shape }
        let steps = pointer.split(separator: "/").map { String($0) }
        guard steps.starts(with: ["#", "components", "schemas"]), steps.count > 3,
            let schema = components.schemas[steps[3]]
        else { throw EventCatalogueError.danglingReference(pointer) }
        if steps.count == 4 { return try resolve(schema.shape) }
        guard steps.count == 6, steps[4] == "definitions",
            let definition = schema.definitions[steps[5]]
        else { throw EventCatalogueError.danglingReference(pointer) }
        return definition
    }
}
