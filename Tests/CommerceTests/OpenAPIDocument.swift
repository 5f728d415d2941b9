import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import Testing
import Web
import Yams

/// docs/openapi.yaml, to hold answers against.
///
/// It knows the words of JSON Schema that the document uses for answers, and is stricter in one
/// thing: a property that the document does not name is a fault.
struct OpenAPIDocument {
    private let root: [String: Any]

    init() throws {
        let place = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../docs/openapi.yaml").standardizedFileURL
        let text = try String(contentsOf: place, encoding: .utf8)
        root = try #require(try Yams.load(yaml: text) as? [String: Any])
    }

    /// What is wrong with an answer to an operation, `GET /api/v1/orders/{id}`.
    func faults(of answer: TestAnswer, to operation: String) throws -> [String] {
        let words = operation.split(separator: " ")
        let paths = try #require(root["paths"] as? [String: [String: Any]])
        let described = try #require(
            paths[String(words[1])]?[words[0].lowercased()] as? [String: Any], "\(operation)")
        let responses = try #require(described["responses"] as? [String: [String: Any]])
        let name = "\(operation) \(answer.status.code)"
        guard let response = responses["\(answer.status.code)"].map(resolved) else {
            return ["\(name): there is no such answer"]
        }
        let content = response["content"] as? [String: [String: Any]] ?? [:]
        guard let type = answer.headers[.contentType] else {
            return content.isEmpty ? [] : ["\(name): there is no body"]
        }
        guard let schema = content[type]?["schema"] as? [String: Any] else {
            return ["\(name): there is no \(type)"]
        }
        return faults(of: try answer.json(), by: schema, at: name)
    }

    private func faults(
        of value: JSONValue, by schema: [String: Any], at place: String
    ) -> [String] {
        let schema = flat(schema)
        let types = schema["type"] as? [String] ?? (schema["type"] as? String).map { [$0] } ?? []
        guard types.isEmpty || types.contains(where: { value.isOf(type: $0) }) else {
            return ["\(place): \(value) is no \(types.joined(separator: " or "))"]
        }
        switch value {
        case .object(let object): return faults(of: object, by: schema, at: place)
        case .array(let elements):
            guard let items = schema["items"] as? [String: Any] else { return [] }
            return elements.enumerated().flatMap { faults(of: $1, by: items, at: "\(place)/\($0)") }
        case .string(let text):
            let words = schema["enum"] as? [String]
            let isKnown = words?.contains(text) ?? true
            return isKnown && text.hasFormat(schema["format"] as? String)
                ? [] : ["\(place): \(text) is none"]
        case .null, .bool, .integer, .number: return []
        }
    }

    private func faults(
        of object: [String: JSONValue], by schema: [String: Any], at place: String
    ) -> [String] {
        let properties = schema["properties"] as? [String: [String: Any]] ?? [:]
        let others = schema["additionalProperties"] as? [String: Any]
        let missing = (schema["required"] as? [String] ?? []).filter { object[$0] == nil }
        return missing.map { "\(place): \($0) is missing" }
            + object.flatMap { name, value in
                guard let schema = properties[name] ?? others else {
                    return ["\(place): \(name) is not described"]
                }
                return faults(of: value, by: schema, at: "\(place)/\(name)")
            }
    }

    /// A schema with what it refers to, and what it is put together from, in one.
    private func flat(_ schema: [String: Any]) -> [String: Any] {
        let schema = resolved(schema)
        let parts = (schema["allOf"] as? [[String: Any]] ?? []).map(flat) + [schema]
        return parts.reduce(into: [:]) { whole, part in
            let old = whole
            whole.merge(part) { $1 }
            whole["required"] =
                (old["required"] as? [String] ?? []) + (part["required"] as? [String] ?? [])
            let properties = part["properties"] as? [String: [String: Any]] ?? [:]
            whole["properties"] = (old["properties"] as? [String: [String: Any]] ?? [:])
                .merging(properties) { $0.merging($1) { $1 } }
        }
    }

    private func resolved(_ object: [String: Any]) -> [String: Any] {
        guard let reference = object["$ref"] as? String else { return object }
        let place = reference.split(separator: "/").dropFirst().map(String.init)
        let found = place.reduce(root as Any?) { ($0 as? [String: Any])?[$1] }
        return found as? [String: Any] ?? [:]
    }
}

extension JSONValue {
    fileprivate func isOf(type: String) -> Bool {
        switch self {
        case .null: type == "null"
        case .bool: type == "boolean"
        case .integer: type == "integer" || type == "number"
        case .number: type == "number"
        case .string: type == "string"
        case .array: type == "array"
        case .object: type == "object"
        }
    }
}

extension String {
    fileprivate func hasFormat(_ format: String?) -> Bool {
        switch format {
        case "uuid": UUID(uuidString: self) != nil
        case "date-time": FlotillaJSON.date(rfc3339: self) != nil
        default: true
        }
    }
}
