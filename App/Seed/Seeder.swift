import Events
import Foundation
import Web

/// Fills the demo shop by way of the API, as an administrator and its customers would.
///
/// An actor, for what it has learnt of the shop lasts from request to request. What is there it
/// leaves as it is, so that it may run again after it was interrupted.
actor Seeder {
    let client: SeedClient
    let administrator: SeedClient
    let password: String
    let reporter: SeedReporter
    var result: SeedResult
    /// By SKU, the ids that orders name.
    var variants: [String: String] = [:]
    /// By e-mail address.
    var accounts: [String: String] = [:]
    private var tokens: [String: String] = [:]

    init(
        client: SeedClient, administratorToken: String, password: String,
        reporter: SeedReporter, result: SeedResult = SeedResult()
    ) {
        self.client = client
        administrator = client.with(token: administratorToken)
        self.password = password
        self.reporter = reporter
        self.result = result
    }

    /// Everything but what is to expire.
    ///
    /// - Returns: whether something is to expire that is not there yet.
    /// - Throws: ``SeedFailure``; what the connection fails with.
    func fill() async throws -> Bool {
        try await addCategories()
        try await addProducts()
        try await addRules()
        try await addPeople()
        try await addOrders { $0.goal != .expired }
        let toExpire = try await plannedOrders().filter { $0.order.goal == .expired }
        if toExpire.contains(where: { $0.seen == nil }) { return true }
        result.orders.found += toExpire.count
        return false
    }

    /// What is to expire; for a process that waits for payments a second only.
    ///
    /// - Throws: ``SeedFailure``; what the connection fails with.
    func fillExpired() async throws {
        try await learnShop()
        try await addOrders { $0.goal == .expired }
    }

    /// What there is in the end.
    ///
    /// - Throws: ``SeedFailure``; what the connection fails with.
    func summary() async throws -> SeedResult {
        try await learnShop()
        var result = result
        (result.orderStates, result.paymentStates) = ([:], [:])
        for seen in try await plannedOrders().compactMap(\.seen) {
            result.orderStates[seen.state, default: 0] += 1
            result.paymentStates[seen.paymentStatus, default: 0] += 1
        }
        return result
    }

    /// The API as one of the customers sees it, logged in once.
    func client(of person: SeedPerson) async throws -> SeedClient {
        if let token = tokens[person.email] { return client.with(token: token) }
        let answer = try await client.post(
            "/api/v1/sessions",
            .object(["email": .string(person.email), "password": .string(password)]))
        guard answer.status != 401 else {
            throw Complaint(
                "\(person.email) is there with another password: say which with --password")
        }
        guard let token = try answer.expecting(201).json["accessToken"].text else {
            throw SeedFailure(answer)
        }
        tokens[person.email] = token
        return client.with(token: token)
    }

    /// What was made before, by whomever.
    private func learnShop() async throws {
        if variants.isEmpty { _ = try await learnProducts() }
        if accounts.isEmpty { _ = try await learnPeople() }
    }
}

/// What the seed made and found.
struct SeedResult: Sendable, Encodable {
    var categories = Count()
    var products = Count()
    var variants = 0
    var pricingRules = Count()
    var users = Count()
    var orders = Count()
    /// Of the seed's own orders.
    var orderStates: [String: Int] = [:]
    var paymentStates: [String: Int] = [:]

    struct Count: Sendable, Encodable, Hashable {
        var made = 0
        var found = 0
    }
}
