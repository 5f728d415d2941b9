import Foundation
import Synchronization
import Testing

/// Clients that register people, place orders and change profiles one after the other, each
/// sticking to a request until it is answered, whatever happens to the server meanwhile.
///
/// So everything that was begun before the end is there exactly once: a registration's address is
/// taken once, an order has its idempotency key, and a profile that was stored already is not
/// changed by storing it again.
final class Load: Sendable {
    /// What was begun and answered.
    struct Memory: Sendable {
        /// Every address that was registered; once more than answered where an answer was lost.
        var emails: Set<String> = []
        /// Addresses by the ids that were answered.
        var users: [String: String] = [:]
        /// The answered orders, and whose they are.
        var orders: [String: String] = [:]
        /// Each regular's last names in the order in which they were answered.
        var names: [String: [String]] = [:]
        /// Answers that refuse what can't be refused.
        var refusals: [Answer] = []
        /// How many requests broke off or were refused for the time being.
        var repetitionCount = 0
        /// How many of those had no answer at all.
        var brokenCount = 0
        /// The latest refusals for the time being.
        var setbacks: [Answer] = []
        /// How long the slowest request took.
        var slowest = Duration.zero

        var answeredCount: Int {
            users.count + orders.count + names.values.map(\.count).reduce(0, +)
        }
    }

    private static let setbackCountMax = 500
    private let memory = Mutex(Memory())
    private let isOver = Atomic(false)
    private let next = Atomic(0)
    /// Whether a 5xx is met with patience, as from a system whose disk is full.
    private let isPatient: Bool
    /// What each client waits before its next request: requests are answered faster than all that
    /// they cause is done, and a test that waits for the end of it is not to wait for ever.
    private let pause: Duration
    private let api: @Sendable () -> API

    /// - Parameter api: the system as it can be reached at the moment.
    init(
        isPatient: Bool = false, pause: Duration = .zero, api: @escaping @Sendable () -> API
    ) {
        self.isPatient = isPatient
        self.pause = pause
        self.api = api
    }

    var remembered: Memory { memory.withLock { $0 } }

    /// Ends it: each client when its request in hand is answered.
    func end() { isOver.store(true, ordering: .releasing) }

    /// Runs until it is ended: one client that registers, and for every regular one that orders and
    /// one that changes the profile.
    func run(regulars: [Person]) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask(name: "registering") { await self.repeatedly { await self.register() } }
            for person in regulars {
                let token = person.api.token
                group.addTask(name: "ordering") {
                    await self.repeatedly { await self.order(for: person, token) }
                }
                group.addTask(name: "changing") {
                    await self.repeatedly { await self.rename(person, token) }
                }
            }
            try await group.waitForAll()
        }
    }

    private var number: Int { next.add(1, ordering: .relaxed).newValue }

    private func repeatedly(_ body: () async -> Void) async {
        while !isOver.load(ordering: .acquiring), !Task.isCancelled {
            await body()
            if pause > .zero { try? await Task.sleep(for: pause) }
        }
    }

    private func register() async {
        let body = Person.registration("Load", number: number)
        let email = body["email"].string ?? ""
        guard let answer = await stubbornly({ try await $0.post("/api/v1/users", body) }) else {
            return
        }
        memory.withLock { memory in
            switch answer.status {
            case 201:
                memory.emails.insert(email)
                memory.users[answer.json["id"].string ?? ""] = email
            // The answer to an earlier try was lost.
            case 409: memory.emails.insert(email)
            default: memory.refusals.append(answer)
            }
        }
    }

    private func order(for person: Person, _ token: String?) async {
        let key = ["Idempotency-Key": "load-\(number)"]
        let answer = await stubbornly { api in
            try await api.with(token: token).post("/api/v1/orders", Orders.body(), headers: key)
        }
        guard let answer else { return }
        memory.withLock { memory in
            if answer.status == 201 {
                memory.orders[answer.json["id"].string ?? ""] = person.id
            } else {
                memory.refusals.append(answer)
            }
        }
    }

    private func rename(_ person: Person, _ token: String?) async {
        let name = "Name\(number)"
        let body: JSON = ["firstName": "Regular", "lastName": .string(name)]
        let answer = await stubbornly { api in
            try await api.with(token: token).put("/api/v1/users/me", body)
        }
        guard let answer else { return }
        memory.withLock { memory in
            if answer.status == 200 {
                memory.names[person.id, default: []].append(name)
            } else {
                memory.refusals.append(answer)
            }
        }
    }

    /// Sends a request until it is answered; `nil` when the test is over before.
    private func stubbornly(_ request: (API) async throws -> Answer) async -> Answer? {
        while !Task.isCancelled {
            let start = ContinuousClock.now
            let answer = try? await request(api())
            let duration = ContinuousClock.now - start
            memory.withLock { $0.slowest = max($0.slowest, duration) }
            if let answer, answer.status < 500 || !isPatient { return answer }
            memory.withLock { memory in
                memory.repetitionCount += 1
                guard let answer else { return memory.brokenCount += 1 }
                memory.setbacks = memory.setbacks.suffix(Self.setbackCountMax - 1) + [answer]
            }
            try? await Task.sleep(for: .milliseconds(25))
        }
        return nil
    }
}
