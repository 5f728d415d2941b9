import Foundation
import Synchronization
import Testing

extension `The whole system under strain` {
    @Suite struct `Refreshing through kills` {
        private static let sessionCount = 12
        /// How long the server lives after it is back.
        private static let lifeMilliseconds = 50...500

        @Test(arguments: Topology.monoliths)
        func `B61: no kill logs anybody out, and no session gets a second branch`(
            topology: Topology
        ) async throws {
            var chance = Chance.fresh
            let seed = "FLOTILLA_TEST_SEED=\(chance.seed)"
            print("killing with \(seed)")
            try await withSystem(topology) { system in
                let keepers = try await keepers(in: system)
                let isOver = Shared(false)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for keeper in keepers {
                        group.addTask(name: "refreshing") {
                            while !isOver.value, keeper.refusal == nil {
                                try await keeper.refresh(system.api)
                            }
                        }
                    }
                    for _ in 0..<topology.count(12, onPostgres: 8) {
                        let age = Int.random(in: Self.lifeMilliseconds, using: &chance)
                        try await Task.sleep(for: .milliseconds(age))
                        try await system.kill()
                        let before = keepers.map(\.count)
                        try await system.start()
                        try await eventually("every session goes on, \(seed)") {
                            try #require(keepers.compactMap(\.refusal).isEmpty, "\(seed)")
                            return zip(keepers, before).count { $0.count > $1 }
                        } until: {
                            $0 == keepers.count
                        }
                    }
                    isOver.change { $0 = true }
                    try await group.waitForAll()
                }
                let losses = keepers.map(\.lossCount).reduce(0, +)
                print("\(keepers.map(\.count).reduce(0, +)) refreshes, \(losses) without answer")
                #expect(losses > 0, "\(seed): no kill met a request")
                try await expectOneBranch(of: keepers, in: system, seed)
            }
        }

        private func keepers(in system: RunningSystem) async throws -> [Keeper] {
            var keepers: [Keeper] = []
            for number in 1...Self.sessionCount {
                let body = Person.registration("Keeper", number: number)
                let registered = try await system.api.post("/api/v1/users", body)
                try #require(registered.status == 201, "\(registered)")
                let answer = try await system.api.post(
                    "/api/v1/sessions", ["email": body["email"], "password": body["password"]])
                try #require(answer.status == 201, "\(answer)")
                keepers.append(Keeper(answer.json["refreshToken"]))
            }
            return keepers
        }

        /// After the grace, which is made to pass by moving the past.
        private func expectOneBranch(
            of keepers: [Keeper], in system: RunningSystem, _ seed: String
        ) async throws {
            let tables = system.tables
            let living = try await tables.counts(
                "user", "SELECT session_id AS x FROM refresh_tokens WHERE spent_at IS NULL")
            #expect(living.count == keepers.count, "\(seed)")
            #expect(living.values.allSatisfy { $0 == 1 }, "\(seed): \(living)")
            let grace = tables.isPostgres ? "interval '31 seconds'" : "31000000"
            try await tables.damage(
                "user",
                """
                UPDATE refresh_tokens SET spent_at = spent_at - \(grace)
                WHERE spent_at IS NOT NULL
                """)
            for keeper in keepers {
                try await keeper.refresh(system.api)
                #expect(keeper.refusal == nil, "\(seed)")
                let tokens = keeper.tokens
                try #require(tokens.count > 2, "\(seed)")
                // Whoever shows an older one has a copy; so the session ends for both.
                for token in [tokens[tokens.count - 3], tokens[tokens.count - 1]] {
                    let answer = try await Keeper.send(token, to: system.api)
                    expectProblem(answer, 401, "auth.refresh_token_spent")
                }
            }
        }
    }

    /// Somebody who keeps a session by its refresh tokens.
    private final class Keeper: Sendable {
        private struct State {
            var tokens: [JSON]
            var lossCount = 0
            var refusal: Answer?
        }

        private let state: Mutex<State>

        init(_ token: JSON) { state = Mutex(State(tokens: [token])) }

        /// Every token that was received, the newest last.
        var tokens: [JSON] { state.withLock(\.tokens) }
        var count: Int { tokens.count }
        /// How often no answer came.
        var lossCount: Int { state.withLock(\.lossCount) }
        /// The answer that ended the session, if one did.
        var refusal: Answer? { state.withLock(\.refusal) }

        static func send(_ token: JSON, to api: API) async throws -> Answer {
            try await api.post("/api/v1/sessions/refresh", ["refreshToken": token])
        }

        /// Shows the last token that was received; without an answer the same is shown next time.
        func refresh(_ api: API) async throws {
            let token = tokens.last ?? .null
            guard let answer = try? await Self.send(token, to: api), answer.status != 503 else {
                state.withLock { $0.lossCount += 1 }
                return try await Task.sleep(for: .milliseconds(10))
            }
            state.withLock { state in
                if answer.status == 200 {
                    state.tokens.append(answer.json["refreshToken"])
                } else {
                    state.refusal = answer
                }
            }
        }
    }
}
