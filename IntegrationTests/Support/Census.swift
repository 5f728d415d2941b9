/// Everything that the API shows of the system's state, to see that a refusal left no trace.
struct Census: Sendable, Equatable {
    let events: [String]
    let orders: [String: [JSON]]
    let accounts: [JSON]
}

extension RunningSystem {
    /// Takes the census when no event is on its way.
    func census(by administrator: Person, of people: [Person]) async throws -> Census {
        try await quiet()
        var orders: [String: [JSON]] = [:]
        var accounts: [JSON] = []
        for person in people {
            orders[person.email] = try await person.api.all("/api/v1/orders")
            accounts.append(try await person.api.get("/api/v1/users/me").json)
        }
        let events = try await administrator.api.all("/api/v1/audit/events")
        return Census(
            events: events.map(\.description), orders: orders, accounts: accounts)
    }
}

extension API {
    /// Every element of a list, page by page.
    func all(_ path: String) async throws -> [JSON] {
        var items: [JSON] = []
        var cursor = ""
        while true {
            let page = try await get("\(path)?limit=100\(cursor)")
            items += page.items
            guard let next = page.json["nextCursor"].string else { return items }
            cursor = "&cursor=\(next)"
        }
    }
}
