import Events
import Foundation
import Storage
import Web

/// The endpoints of Audit.
struct AuditRoutes: Sendable {
    let database: Database
    let trail: Trail

    var all: [Route] {
        [.get("/api/v1/audit/events", access: .permission("audit:read"), list)]
    }

    @Sendable private func list(_ request: WebRequest) async throws -> WebResponse {
        let page = try request.page()
        let filter = TrailFilter(
            subjectID: request.query["subjectId"], type: request.query["type"],
            from: try request.queryDate("from"), to: try request.queryDate("to"))
        let entries = try await database.read { try trail.list(filter, page: page, in: $0) }
        return try .json(
            Page(try entries.map(EntryBody.init), of: page) {
                PageRequest.Cursor(time: $0.occurredAt, id: $0.id.uuid)
            })
    }
}

private struct EntryBody: Encodable, Sendable {
    let id: EventID
    let type: String
    let subjectId: String
    let occurredAt: Date
    let correlationId: String
    let payload: JSONValue

    init(_ entry: TrailEntry) throws {
        id = entry.id
        type = entry.type.rawValue
        subjectId = entry.subjectID
        occurredAt = entry.occurredAt
        correlationId = entry.correlationID
        payload = try JSONValue(parsing: entry.payload)
    }
}
