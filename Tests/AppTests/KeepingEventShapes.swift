import EventCatalogue
import Foundation
import Testing

@testable import flotilla

/// The shapes of all events, as docs/asyncapi.json has them under version control.
@Suite struct `Keeping the shapes of events` {
    private func snapshot() throws -> Data {
        let root = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        return try Data(contentsOf: root.appending(path: "docs/asyncapi.json"))
    }

    @Test func `breaks no reader: another shape is another version`() throws {
        let compatibility = try SchemaCompatibility(
            snapshot: try snapshot(), catalogue: ModuleList().eventCatalogue)
        let breaking = compatibility.findings.filter { $0.severity == .breaking }
        #expect(breaking.isEmpty, "\(breaking.map(\.description).joined(separator: "\n"))")
    }

    @Test func `writes them down: make asyncapi brings the document up to date`() throws {
        #expect(try ModuleList().eventCatalogue.asyncAPI() == snapshot())
    }

    @Test func `notices a change in the document itself`() throws {
        let text = String(decoding: try snapshot(), as: UTF8.self)
        let changed = text.replacing("\"quantity\"", with: "\"count\"")
        #expect(changed != text)
        let compatibility = try SchemaCompatibility(
            snapshot: Data(changed.utf8), catalogue: ModuleList().eventCatalogue)
        #expect(compatibility.isBreaking)
    }
}
