import Foundation
import Testing

extension `The whole system under strain` {
    /// Whoever asks from outside learns neither by answers nor by their times who has an account.
    @Suite struct `Telling accounts apart` {
        private static let floor = [
            "FLOTILLA_USER_FAILURE_FLOOR": "120ms", "FLOTILLA_USER_FAILURES_PER_MINUTE": "0",
            "FLOTILLA_USER_RESETS_PER_MINUTE": "0",
        ]
        private static let accountCount = 52
        /// Of each kind; fewer than five of an address, so that none waits.
        private static let pairCount = accountCount * 4

        /// Three pairs at a time: hashes of more would wait for each other beyond the floor.
        @Test(arguments: Topology.monoliths)
        func `B3: log-ins with an unknown address take as long as those with a wrong password`(
            topology: Topology
        ) async throws {
            try await withSystem(topology, environment: Self.floor) { system in
                try await register("Known", in: system)
                let seen = try await Lookalikes.compare(pairs: Self.pairCount, atATime: 3) {
                    try await system.api.post(
                        "/api/v1/sessions",
                        ["email": Self.email($0, $1), "password": "a wrong password"])
                }
                #expect(seen.times[0].count == Self.pairCount)
                #expect(seen.times[0].quantile(0.1) >= .milliseconds(120))
                seen.expectAlike()
            }
        }

        /// Nothing hides what the work itself takes.
        @Test(arguments: Topology.monoliths)
        func `B4: also without a floor, for the same hash is made`(
            topology: Topology
        ) async throws {
            let bare = Self.floor.merging(["FLOTILLA_USER_FAILURE_FLOOR": "0s"]) { $1 }
            try await withSystem(topology, environment: bare) { system in
                try await register("Known", in: system)
                let seen = try await Lookalikes.compare(pairs: Self.pairCount) {
                    try await system.api.post(
                        "/api/v1/sessions",
                        ["email": Self.email($0, $1), "password": "a wrong password"])
                }
                #expect(seen.times[0].quantile(0.1) < .milliseconds(120))
                seen.expectAlike()
            }
        }

        /// Three of each address are heeded, the fourth is one too many: of both kinds.
        @Test(arguments: Topology.monoliths)
        func `B5, B6: resets for nobody take as long as those of an account`(
            topology: Topology
        ) async throws {
            try await withSystem(topology, environment: Self.floor) { system in
                try await register("Known", in: system)
                let seen = try await Lookalikes.compare(pairs: Self.pairCount, atATime: 8) {
                    try await system.api.post(
                        "/api/v1/password-resets", ["email": Self.email($0, $1)])
                }
                #expect(seen.shapes[0].keys.allSatisfy { $0.hasPrefix("202 ") })
                #expect(seen.times[0].quantile(0.1) >= .milliseconds(120))
                seen.expectAlike()
                try await system.quiet()
                let mails = try system.mailbox.mails
                let links = mails.filter { $0.token(for: .resetPassword) != nil }
                #expect(links.count == Self.accountCount * 3)
            }
        }

        @Test func `B7: where accounts are concealed, a taken address registers like a free one`()
            async throws
        {
            let concealed = Self.floor.merging([
                "FLOTILLA_AUTH_CONCEAL_ACCOUNTS": "true", "FLOTILLA_USER_FAILURE_FLOOR": "40ms",
            ]) { $1 }
            try await withSystem(.monolithSQLite, environment: concealed) { system in
                try await register("Known", in: system)
                let seen = try await Lookalikes.compare(pairs: Self.accountCount) {
                    try await system.api.post(
                        "/api/v1/users",
                        Person.registration("Same", number: 10 + $1)
                            .with("email", Self.email($0, $1)))
                }
                #expect(seen.shapes[0].count == 1)
                #expect(seen.shapes[0].keys.allSatisfy { $0.hasPrefix("201 ") })
                seen.expectAlike()
                try await system.quiet()
                for number in 0..<Self.accountCount {
                    let mails = try system.mailbox.mails(to: "known\(10 + number)@example.com")
                    #expect(mails.count == 2, "a welcome, and that somebody tried")
                }
            }
        }

        /// Accounts, whose addresses are as long as those of nobody.
        private func register(_ name: String, in system: RunningSystem) async throws {
            for number in 0..<Self.accountCount {
                let answer = try await system.api.post(
                    "/api/v1/users", Person.registration(name, number: 10 + number))
                try #require(answer.status == 201, "\(answer)")
            }
            try await system.quiet()
        }

        private static func email(_ kind: Int, _ pair: Int) -> JSON {
            "\(["known", "other"][kind])\(10 + pair % accountCount)@example.com"
        }
    }
}
