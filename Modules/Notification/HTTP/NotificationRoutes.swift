import Events
import Foundation
import Storage
import Web

/// The endpoints of Notification.
struct NotificationRoutes: Sendable {
    let database: Database
    let store: NoticeStore

    var all: [Route] { [.get("/api/v1/notifications", access: .authenticated, list)] }

    @Sendable private func list(_ request: WebRequest) async throws -> WebResponse {
        let page = try request.page()
        let user = try request.caller().userID
        let rows = try await database.read { try store.list(of: user, page: page, in: $0) }
        return try .json(
            Page(rows.map(NoticeBody.init), of: page) {
                PageRequest.Cursor(time: $0.createdAt, id: $0.id.uuid)
            })
    }
}

private struct NoticeBody: Encodable, Sendable {
    let id: EventID
    let kind: String
    let channel: String
    let subject: String
    let status: String
    let createdAt: Date

    init(_ notice: Notice) {
        id = notice.id
        kind = notice.kind.rawValue
        channel = notice.channel.rawValue
        subject = notice.subject
        status = notice.status.rawValue
        createdAt = notice.createdAt
    }
}
