import Testing

extension RunningSystem {
    /// The order that the house gives to somebody new, once its payment is settled.
    func settledWelcomeOrder(
        of person: Person, within limit: Duration = .seconds(10)
    ) async throws -> JSON {
        let answer = try await eventually("a settled welcome order", within: limit) {
            try await person.api.get("/api/v1/orders")
        } until: {
            $0.items.contains { $0["kind"] == "welcome" && $0["status"] != "pending" }
        }
        return try #require(answer.items.first { $0["kind"] == "welcome" })
    }

    /// The trail of one request.
    func trail(of requestID: String, by administrator: Person) async throws -> [JSON] {
        try await administrator.api.all("/api/v1/audit/events")
            .filter { $0["correlationId"].string == requestID }
    }

    /// Whom the search finds.
    func search(_ words: String, by administrator: Person) async throws -> [JSON] {
        try await administrator.api.get("/api/v1/search/users?q=\(words)").items
    }
}
