import Events
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTP1
import Web

/// What every process answers for its own modules, asked of all of them.
extension Gateway {
    /// What one of them said.
    struct Voice: Sendable {
        let upstream: Upstream
        let answer: Result<WholeAnswer, any Error>

        /// An answer that could be used: of a process that is there and has what was asked for.
        var page: ItemsPage? {
            guard case .success(let answer) = answer, answer.status == 200 else { return nil }
            return ItemsPage(parsing: answer.body)
        }

        var status: Int? { (try? answer.get())?.status }

        /// Whether it is not known what that process has.
        var isSilent: Bool { status != 200 && refusal == nil }

        /// The members of the thing that was asked for, if it is an object.
        var members: [String: JSONValue]? {
            guard case .success(let answer) = answer, answer.status == 200,
                case .object(let members) = try? JSONValue(parsing: answer.body)
            else { return nil }
            return members
        }

        /// The caller's fault, or nothing here: what everybody would say.
        var refusal: WholeAnswer? {
            guard case .success(let answer) = answer, (300..<500).contains(answer.status) else {
                return nil
            }
            return answer
        }
    }

    /// One list of everybody's items.
    func joinItems(
        _ request: PassedRequest, until deadline: ContinuousClock.Instant
    ) async throws -> Response {
        let target = request.head.path ?? request.path
        let voices = await askAll(request, until: deadline) { _ in target }
        if let refusal = try refusal(of: voices) { return Self.response(refusal) }
        return try joined(
            items: voices.compactMap(\.page).flatMap(\.items), cursor: nil, voices: voices)
    }

    /// Asks everybody at once for what it has.
    ///
    /// - Parameter target: path and query for one of them; `nil` when it is not to be asked.
    func askAll(
        _ request: PassedRequest, until deadline: ContinuousClock.Instant,
        target: @Sendable (Upstream) -> String?
    ) async -> [Voice] {
        await withTaskGroup(of: Voice.self) { group in
            for upstream in fleet.upstreams {
                guard let target = target(upstream) else { continue }
                var parcel = parcel(of: request, target: target)
                parcel.method = .GET
                group.addTask(name: "ask \(upstream.name)") {
                    do {
                        let answer = try await courier.ask(parcel, of: upstream, until: deadline)
                        return Voice(upstream: upstream, answer: .success(answer))
                    } catch {
                        return Voice(upstream: upstream, answer: .failure(error))
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
                .sorted { $0.upstream.name < $1.upstream.name }
        }
    }

    /// What to answer when nobody has it: why somebody could not be asked, who may have it; else
    /// what everybody says.
    ///
    /// - Throws: why nothing was answered.
    func absence(of voices: [Voice]) throws -> WholeAnswer {
        if let silent = voices.first(where: \.isSilent) { return try silent.answer.get() }
        guard let refusal = voices.compactMap(\.refusal).first else {
            throw Problem.unavailable("no process answers", retryAfterSeconds: 1)
        }
        return refusal
    }

    /// What to answer when there is no list: a refusal that all share; 404 only if nobody has
    /// anything.
    ///
    /// - Throws: why nobody could be asked.
    func refusal(of voices: [Voice]) throws -> WholeAnswer? {
        let refusals = voices.compactMap(\.refusal)
        if let refusal = refusals.first(where: { $0.status != 404 }) { return refusal }
        guard !voices.contains(where: { $0.page != nil }) else { return nil }
        if let refusal = refusals.first { return refusal }
        return try absence(of: voices)
    }

    /// A list. Who could not be asked is named in it: what is missing must not look as if it were
    /// not there.
    func joined(items: [JSONValue], cursor: String?, voices: [Voice]) throws -> Response {
        let silent = voices.filter { $0.page == nil && $0.refusal == nil }.map(\.upstream.name)
        return try Self.response(
            ItemsPage(
                items: items, nextCursor: cursor, unreachable: silent.isEmpty ? nil : silent))
    }

    static func response(_ body: some Encodable) throws -> Response {
        let answer = try WebResponse.json(body)
        return Response(
            status: answer.status, headers: answer.headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: answer.body)))
    }

    func parcel(of request: PassedRequest, target: String) -> Courier.Parcel {
        Courier.Parcel(
            method: HTTPMethod(rawValue: request.head.method.rawValue), target: target,
            headers: ForwardedFields.upstream(request))
    }

    static func response(_ answer: WholeAnswer) -> Response {
        Response(
            status: HTTPResponse.Status(code: answer.status),
            headers: ForwardedFields.client(answer.headers),
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: answer.body)))
    }
}

/// A list as the processes answer it, whatever its items are.
struct ItemsPage: Encodable, Sendable {
    let items: [JSONValue]
    let nextCursor: String?
    /// The processes whose items are not here.
    var unreachable: [String]?

    init(items: [JSONValue], nextCursor: String?, unreachable: [String]?) {
        self.items = items
        self.nextCursor = nextCursor
        self.unreachable = unreachable
    }

    /// `nil` when it is no list.
    init?(parsing body: Data) {
        guard case .object(let members) = try? JSONValue(parsing: body),
            case .array(let items) = members["items"]
        else { return nil }
        self.items = items
        if case .string(let cursor) = members["nextCursor"] {
            nextCursor = cursor
        } else {
            nextCursor = nil
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(items, forKey: .items)
        try container.encode(nextCursor, forKey: .nextCursor)
        try container.encodeIfPresent(unreachable, forKey: .unreachable)
    }

    private enum CodingKeys: CodingKey { case items, nextCursor, unreachable }
}
