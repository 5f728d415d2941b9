import Events
public import Foundation
import Storage

/// One page of a list that is ordered by time, newest first, with the id to tell ties apart.
///
/// Keyset, not offset: rows that are added while a client reads are neither skipped nor repeated.
public struct PageRequest: Sendable {
    /// 1 to 100, 20 unless asked otherwise.
    public let limit: Int
    /// The last element of the page before; `nil` for the first page.
    public let after: Cursor?

    /// The place of an element in the list.
    public struct Cursor: Sendable, Hashable {
        /// What the list is ordered by; a cursor keeps its microseconds.
        public let time: Date
        /// Tells elements of the same time apart.
        public let id: UUID

        /// Marks a place.
        public init(time: Date, id: UUID) {
            self.time = time
            self.id = id
        }
    }
}

extension WebRequest {
    /// The page that the query asks for.
    ///
    /// - Throws: ``Problem`` 400 when the limit or cursor is none.
    public func page() throws -> PageRequest {
        let limit = try limit()
        let cursor = try query["cursor"].map { text in
            guard let cursor = PageRequest.Cursor(token: text) else {
                throw Problem.badRequest("cursor is not one that was given out")
            }
            return cursor
        }
        return PageRequest(limit: limit, after: cursor)
    }
}

extension WebRequest {
    /// How many elements the query asks for.
    ///
    /// - Throws: ``Problem`` 400 when it is not 1 to 100.
    public func limit() throws -> Int {
        guard let text = query["limit"] else { return 20 }
        guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let limit = Int(text), (1...100).contains(limit)
        else {
            throw Problem.badRequest("limit must be a whole number from 1 to 100")
        }
        return limit
    }
}

/// A page as it is answered.
public struct Page<Item: Encodable & Sendable>: Encodable, Sendable {
    /// The elements, in the order of the list.
    public let items: [Item]
    /// What `?cursor=` takes for the page after; `nil` on the last one.
    public let nextCursor: String?

    /// A page whose end the caller found itself.
    public init(items: [Item], nextCursor: String?) {
        self.items = items
        self.nextCursor = nextCursor
    }

    /// Cuts rows to a page.
    ///
    /// - Parameters:
    ///   - rows: one more than the limit, if there are as many: that is how the end is known.
    ///   - cursor: an item's place.
    public init(
        _ rows: [Item], of request: PageRequest, cursor: (Item) -> PageRequest.Cursor
    ) {
        items = Array(rows.prefix(request.limit))
        nextCursor = rows.count > request.limit ? items.last.map { cursor($0).token } : nil
    }

    /// `nextCursor` is written as `null` on the last page, so that its absence is no riddle.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(items, forKey: .items)
        try container.encode(nextCursor, forKey: .nextCursor)
    }

    private enum CodingKeys: CodingKey { case items, nextCursor }
}

extension PageRequest.Cursor {
    var token: String {
        Data("\(time.microseconds).\(id.lowercasedText)".utf8).base64URLEncoded
    }

    init?(token: String) {
        guard token.utf8.count <= 200, let data = Data(base64URLEncoded: token) else { return nil }
        let parts = String(decoding: data, as: UTF8.self).split(separator: ".")
        guard parts.count == 2, let microseconds = Int64(parts[0]),
            let id = UUID(uuidString: String(parts[1]))
        else { return nil }
        self.init(time: Date(microseconds: microseconds), id: id)
    }
}
