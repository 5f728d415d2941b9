import Synchronization

/// Many registrations from several clients at a time, and what was answered.
final class RegistrationBurst: Sendable {
    private static let clientCount = 16

    private let next = Atomic(0)
    private let state = Mutex<[String: String]>([:])
    private let count: Int

    init(count: Int) { self.count = count }

    /// The users that were answered 201, address by id.
    var answered: [String: String] { state.withLock { $0 } }

    /// Registers until all are through or the system is gone; `react` is told each time how many
    /// were answered.
    func run(
        against api: API, react: @escaping @Sendable (Int) async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<Self.clientCount {
                group.addTask(name: "client") {
                    try await self.registerInTurn(against: api, react: react)
                }
            }
            try await group.waitForAll()
        }
    }

    private func registerInTurn(
        against api: API, react: @Sendable (Int) async throws -> Void
    ) async throws {
        while true {
            let number = next.add(1, ordering: .relaxed).oldValue
            guard number < count else { return }
            let body = Person.registration("Burst", number: number)
            guard let answer = try await answer(to: body, from: api) else { return }
            guard answer.status == 201, let id = answer.json["id"].string else {
                throw Unexpected(answer: answer)
            }
            let answeredCount = state.withLock { answered in
                answered[id] = body["email"].string
                return answered.count
            }
            try await react(answeredCount)
        }
    }

    /// A busy machine may let registrations wait for longer than the hashing of passwords has
    /// patience, and says when to come back; whoever does is not there yet, or the address would
    /// be taken.
    ///
    /// - Returns: `nil` where the connection broke. That is what tests do to it: no answer, no
    ///   promise.
    private func answer(to body: JSON, from api: API) async throws -> Answer? {
        while let answer = try? await api.post("/api/v1/users", body) {
            guard answer.status == 503, let wait = answer.headers["retry-after"].flatMap(Int.init)
            else { return answer }
            // As long as the answer asks for.
            try await Task.sleep(for: .seconds(wait))
        }
        return nil
    }

    /// A registration that was answered, but not with 201.
    struct Unexpected: Error {
        let answer: Answer
    }
}
