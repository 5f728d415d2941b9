import Events
import Foundation
import HTTPTypes
import Hummingbird
import Web

/// A list in pages, of which every process has a part.
extension Gateway {
    /// One page out of everybody's pages, which are ordered by the same member, greatest first.
    ///
    /// Its cursor holds one for each process: that of a page which was shown whole. Of a page that
    /// was shown in part, as many items as were shown are asked for again: the cursor behind them
    /// is the right one, and only the process itself can make it.
    func joinPages(
        _ request: PassedRequest, orderedBy member: String, until deadline: ContinuousClock.Instant
    ) async throws -> Response {
        let query = PageQuery(target: request.head.path ?? request.path)
        let places = try query.places(of: fleet.upstreams.map(\.name))
        let voices = await askAll(request, until: deadline) { upstream in
            places[upstream.name].map { query.target(cursor: $0) }
        }
        if let refusal = try refusal(of: voices) { return Self.response(refusal) }
        let items = voices.flatMap { voice in
            (voice.page?.items ?? []).map { (name: voice.upstream.name, item: $0) }
        }
        let shown = items.sorted { $0.item.text(member) > $1.item.text(member) }
            .prefix(query.limit)
        let shownCounts = Dictionary(grouping: shown, by: \.name).mapValues(\.count)
        var next: [String: String] = [:]
        for voice in voices {
            guard let page = voice.page else { continue }
            let name = voice.upstream.name
            switch shownCounts[name, default: 0] {
            case page.items.count: next[name] = page.nextCursor
            case 0: next[name] = places[name]
            case let count:
                let target = query.target(cursor: places[name] ?? "", limit: count)
                let answer = try await courier.ask(
                    parcel(of: request, target: target), of: voice.upstream, until: deadline)
                next[name] = ItemsPage(parsing: answer.body)?.nextCursor
            }
        }
        return try joined(
            items: shown.map(\.item), cursor: PageQuery.cursor(next), voices: voices)
    }
}

/// The query of a request for a page, and what becomes of it for each process.
struct PageQuery: Sendable {
    private let path: String
    private let others: [Substring]
    private let limitText: String?
    private let cursor: String?

    init(target: String) {
        let parts = target.split(separator: "?", maxSplits: 1)
        path = parts.first.map(String.init) ?? "/"
        var (others, values) = ([Substring](), [Substring: String]())
        for pair in parts.dropFirst().first?.split(separator: "&") ?? [] {
            let sides = pair.split(separator: "=", maxSplits: 1)
            if let name = sides.first, ["limit", "cursor"].contains(name) {
                let value = sides.dropFirst().first ?? ""
                values[name] = value.removingPercentEncoding ?? String(value)
            } else {
                others.append(pair)
            }
        }
        self.others = others
        limitText = values["limit"]
        cursor = values["cursor"]
    }

    /// As many as the processes take it for; a limit that is none is theirs to refuse.
    var limit: Int { limitText.flatMap { Int($0) } ?? 20 }

    /// The cursor of each process that has more; an empty one is the beginning.
    ///
    /// - Throws: ``Problem`` 400 when the cursor is none of ours.
    func places(of names: [String]) throws -> [String: String] {
        guard let cursor else { return Dictionary(uniqueKeysWithValues: names.map { ($0, "") }) }
        guard let data = Data(base64URLEncoded: cursor),
            let places = try? JSONDecoder().decode([String: String].self, from: data)
        else { throw Problem.badRequest("cursor is not one that was given out") }
        return places
    }

    /// The cursor that ``places(of:)`` reads; `nil` when nobody has more.
    static func cursor(_ places: [String: String]) -> String? {
        guard !places.isEmpty else { return nil }
        return (try? JSONEncoder().encode(places))?.base64URLEncoded
    }

    func target(cursor: String, limit: Int? = nil) -> String {
        var pairs = others.map(String.init)
        if let limit = limit.map(String.init) ?? limitText { pairs.append("limit=\(limit)") }
        // Base64url needs no escapes; a limit that does is no limit.
        if !cursor.isEmpty { pairs.append("cursor=\(cursor)") }
        return pairs.isEmpty ? path : "\(path)?\(pairs.joined(separator: "&"))"
    }
}

extension JSONValue {
    /// A member of an object that is text; empty when there is none.
    fileprivate func text(_ member: String) -> String {
        guard case .object(let members) = self, case .string(let text) = members[member] else {
            return ""
        }
        return text
    }
}
