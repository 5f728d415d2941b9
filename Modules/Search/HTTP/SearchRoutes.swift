import Events
import Foundation
import Storage
import Web

/// The endpoints of Search.
struct SearchRoutes: Sendable {
    let database: Database
    let index: UserIndex

    var all: [Route] {
        [.get("/api/v1/search/users", access: .permission("search:users"), searchUsers)]
    }

    @Sendable private func searchUsers(_ request: WebRequest) async throws -> WebResponse {
        let limit = try request.limit()
        let after = try request.query["cursor"].map(Self.place)
        guard let query = SearchQuery(String(try request.requiredQuery("q").prefix(200))) else {
            throw Problem.badRequest("the query parameter q has no letter and no digit")
        }
        let hits = try await database.read { transaction in
            try index.search(query, limit: limit + 1, after: after, in: transaction)
        }
        let page = hits.prefix(limit)
        return try .json(
            Page(
                items: page.map(HitBody.init),
                nextCursor: hits.count > limit ? page.last.map(Self.cursor) : nil))
    }

    /// Score and number of the last hit, as text that clients pass back.
    private static func cursor(_ hit: UserHit) -> String {
        "\(String(hit.score.bitPattern, radix: 16)).\(hit.number)"
    }

    private static func place(_ cursor: String) throws -> (score: Double, number: Int64) {
        let parts = cursor.split(separator: ".")
        guard parts.count == 2, let bits = UInt64(parts[0], radix: 16), let number = Int64(parts[1])
        else { throw Problem.badRequest("cursor is not one that was given out") }
        return (Double(bitPattern: bits), number)
    }
}

private struct HitBody: Encodable, Sendable {
    let id: UserID
    let email: String
    let firstName: String
    let lastName: String
    let score: Double

    init(_ hit: UserHit) {
        id = hit.user.id
        email = hit.user.email
        firstName = hit.user.firstName
        lastName = hit.user.lastName
        score = hit.score
    }
}
