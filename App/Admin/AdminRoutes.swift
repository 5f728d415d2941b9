import EventBus
import Events
import Foundation
import HTTPTypes
import Web

/// The bus over HTTP, for administrators.
struct AdminRoutes: Sendable {
    /// To look at events, consumers and dead letters.
    private static let reading = Access.permission("admin:events")
    /// To retry and discard dead letters and to have events heard again.
    private static let operating = Access.permission("admin:bus")

    let composition: Composition

    var all: [Route] {
        [
            .get("/api/v1/admin/events/{id}", access: Self.reading, showEvent),
            .get("/api/v1/admin/consumers", access: Self.reading, listConsumers),
            .post(
                "/api/v1/admin/consumers/{consumer}/replay", access: Self.operating, replay),
            .get("/api/v1/admin/dead-letters", access: Self.reading, listDeadLetters),
            .get("/api/v1/admin/dead-letters/{id}", access: Self.reading, showDeadLetter),
            .post("/api/v1/admin/dead-letters/{id}/retry", access: Self.operating, retry),
            Route(
                .delete, "/api/v1/admin/dead-letters/{id}", access: Self.operating, discard),
        ]
    }

    @Sendable private func showEvent(_ request: WebRequest) async throws -> WebResponse {
        guard let story = try await composition.history.story(of: try request.id()) else {
            throw Problem.notFound()
        }
        return try .json(story)
    }

    @Sendable private func listConsumers(_ request: WebRequest) async throws -> WebResponse {
        let status = try await composition.bus.consumerStatus()
        return try .json(Page(items: status.map { ConsumerBody($0) }, nextCursor: nil))
    }

    /// In: `{from?, withEffects?}`; `from` is an event's id or a time.
    @Sendable private func replay(_ request: WebRequest) async throws -> WebResponse {
        let consumer = request.parameters["consumer"] ?? ""
        let wish =
            try request.body.isEmpty
            ? (origin: Replays.Origin.beginning, withEffects: false)
            : request.decode { fields in
                let withEffects = fields.bool("withEffects", default: false)
                guard let text = fields.optionalString("from", length: 1...40) else {
                    return (origin: Replays.Origin.beginning, withEffects: withEffects)
                }
                guard let origin = Replays.Origin(text) else {
                    fields.reject("from", "must be an event's id or an RFC 3339 time")
                    return (origin: Replays.Origin.beginning, withEffects: withEffects)
                }
                return (origin: origin, withEffects: withEffects)
            }
        try await composition.replays.request(
            of: consumer, from: wish.origin, withEffects: wish.withEffects,
            by: try request.caller().userID.description)
        composition.bus.wake(consumer)
        return try .json(
            Page(items: try await composition.replays.progress(of: consumer), nextCursor: nil),
            status: .accepted)
    }

    @Sendable private func listDeadLetters(_ request: WebRequest) async throws -> WebResponse {
        let page = try request.page()
        var filter = DeadLetters.Filter()
        filter.consumer = request.query["consumer"]
        filter.key = request.query["key"]
        filter.type = request.query["type"].map { EventType(rawValue: $0) }
        switch request.query["state"] {
        case nil, "dead": filter.includesLiving = false
        case "all": filter.includesLiving = true
        default: throw Problem.badRequest("state is dead or all")
        }
        filter.limit = page.limit + 1
        filter.after = page.after.map { ($0.time, DeadLetterID($0.id)) }
        let letters = try await composition.deadLetters.list(filter)
        return try .json(
            Page(letters.map(DeadLetterBody.init), of: page) {
                PageRequest.Cursor(time: $0.parkedAt, id: $0.id.uuid)
            })
    }

    @Sendable private func showDeadLetter(_ request: WebRequest) async throws -> WebResponse {
        let letter = try await composition.deadLetters.find(
            try request.id(), consumer: request.query["consumer"])
        return try .json(DeadLetterBody(letter))
    }

    /// In: nothing, or `{payload}` to put in the place of the one that could not be handled.
    @Sendable private func retry(_ request: WebRequest) async throws -> WebResponse {
        let payload =
            try request.body.isEmpty ? nil : request.decode { $0.json("payload") }
        let letter = try await composition.deadLetters.retry(
            try request.id(), consumer: request.query["consumer"],
            payload: try payload.map { try FlotillaJSON.encode($0) },
            by: try request.caller().userID.description)
        composition.bus.wake(letter.consumer)
        return try .json(DeadLetterBody(letter), status: .accepted)
    }

    @Sendable private func discard(_ request: WebRequest) async throws -> WebResponse {
        let letter = try await composition.deadLetters.discard(
            try request.id(), consumer: request.query["consumer"],
            reason: request.query["reason"], by: try request.caller().userID.description)
        composition.bus.wake(letter.consumer)
        return .noContent
    }
}

extension Replays.Origin {
    /// Reads an event's id or an RFC 3339 time.
    init?(_ text: String) {
        if let id = EventID(text) {
            self = .event(id)
        } else if let time = FlotillaJSON.date(rfc3339: text) {
            self = .time(time)
        } else {
            return nil
        }
    }
}
