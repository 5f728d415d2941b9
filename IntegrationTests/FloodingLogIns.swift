import AsyncHTTPClient
import Foundation
import Testing

extension `The whole system under strain` {
    @Suite struct `Flooding log-ins` {
        private static let requestCount = 10_000
        private static let connectionCount = 256
        private static let peakMaxMebibytes = 400

        /// A core hashes some sixty passwords a second: most of the flood is turned away.
        @Test(arguments: Topology.monoliths)
        func `B23, B24: ten thousand at once cost nobody else an answer, and little memory`(
            topology: Topology
        ) async throws {
            let unlimited = ["FLOTILLA_USER_FAILURES_PER_MINUTE": "0"]
            try await withSystem(topology, environment: unlimited) { system in
                try await register(in: system)
                let ada = try await system.person("Ada")
                let isOver = Shared(false)
                async let watched = watch(ada, until: isOver)
                let start = ContinuousClock.now
                let seen = try await flood(system)
                let duration = ContinuousClock.now - start
                isOver.change { $0 = true }
                let (answered, slowest) = try await watched
                let memory = try system.memory
                print("\(seen) in \(duration), \(answered) others, slowest \(slowest), \(memory)")
                #expect(seen.values.reduce(0, +) == Self.requestCount)
                #expect(Set(seen.keys).isSubset(of: [201, 401, 503]))
                for status in [201, 401, 503] { #expect(seen[status, default: 0] > 20) }
                #expect(answered > 20 && slowest < .seconds(2))
                #expect(memory.peak < Self.peakMaxMebibytes)
                _ = try await system.logIn(email: ada.email)
            }
        }

        /// An account for each right log-in, so that none waits for another's turn: copies of one,
        /// with its password.
        private func register(in system: RunningSystem) async throws {
            let answer = try await system.api.post("/api/v1/users", Person.registration("Flood"))
            try #require(answer.status == 201, "\(answer)")
            let tables = system.tables
            let id = "'0197dddd-0000-7000-8000-' || " + tables.hexadecimal("i")
            try await tables.damage(
                "user",
                """
                WITH RECURSIVE numbers (i) AS (
                    SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < \(Self.requestCount))
                INSERT INTO users (id, email, email_key, first_name, last_name, preferences, status,
                    password_hash, created_at, updated_at)
                SELECT \(tables.uuid(id)), 'flood' || i || '@example.com',
                    'flood' || i || '@example.com', first_name, last_name, preferences, status,
                    password_hash, created_at, updated_at
                FROM users, numbers WHERE email_key = 'flood0@example.com'
                """)
        }

        /// Sends all of it, half with the right password.
        ///
        /// - Returns: how often each status came; 0 stands for no answer.
        private func flood(_ system: RunningSystem) async throws -> [Int: Int] {
            var configuration = HTTPClient.Configuration()
            configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit =
                Self.connectionCount
            let client = HTTPClient(
                eventLoopGroupProvider: .singleton, configuration: configuration)
            let api = API(url: system.api.url, client: client)
            let numbers = Shared(0)
            let statuses = Shared<[Int: Int]>([:])
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<Self.connectionCount {
                    group.addTask(name: "flooding") {
                        while true {
                            let number = numbers.next
                            guard number < Self.requestCount else { return }
                            let answer = try? await api.post(
                                "/api/v1/sessions", Self.attempt(number))
                            let status = answer?.status ?? 0
                            statuses.change { $0[status, default: 0] += 1 }
                        }
                    }
                }
            }
            try await client.shutdown()
            return statuses.value
        }

        /// Each of an address of its own, so that each is looked at.
        private static func attempt(_ number: Int) -> JSON {
            [
                "email": "flood\(number)@example.com",
                "password": number.isMultiple(of: 2)
                    ? .string(Person.password) : "a wrong password",
            ]
        }

        /// Asks for what has nothing to do with the flood.
        ///
        /// - Returns: how many answers came, and how long the slowest took.
        private func watch(
            _ person: Person, until isOver: Shared<Bool>
        ) async throws -> (count: Int, slowest: Duration) {
            var (count, slowest) = (0, Duration.zero)
            while !isOver.value {
                for path in ["/health/live", "/api/v1/users/me"] {
                    let start = ContinuousClock.now
                    let answer = try await person.api.get(path)
                    #expect(answer.status == 200, "\(answer)")
                    slowest = max(slowest, ContinuousClock.now - start)
                    count += 1
                }
                try await Task.sleep(for: .milliseconds(100))
            }
            return (count, slowest)
        }
    }
}
