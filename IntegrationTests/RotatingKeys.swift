import Foundation
import Testing

extension `The whole system` {
    @Suite struct `Rotating keys` {
        @Test func `B53: tokens of the last key are taken while it is among the others`()
            async throws
        {
            let place = try Directory()
            defer { place.remove() }
            let (last, next) = (try await key("last", in: place), try await key("next", in: place))
            let storage = ["FLOTILLA_STORAGE_URL": "sqlite:\(place.path)/data"]
            func during(
                _ keys: [String: String], _ body: (RunningSystem) async throws -> Void
            ) async throws {
                let environment = storage.merging(keys) { $1 }
                try await withSystem(.monolithSQLite, environment: environment, body)
            }

            var tokens: [String?] = []
            try await during(["FLOTILLA_AUTH_SIGNING_KEY": last.pair]) { system in
                tokens.append(try await system.person("Ada").api.token)
                #expect(try await keyCount(in: system) == 1)
            }
            let both = [
                "FLOTILLA_AUTH_SIGNING_KEY": next.pair,
                "FLOTILLA_AUTH_VERIFICATION_KEYS": last.publicHalf,
            ]
            try await during(both) { system in
                #expect(try await statuses(tokens, in: system) == [200])
                tokens.append(try await system.logIn(email: "ada0@example.com").api.token)
                #expect(try await statuses(tokens, in: system) == [200, 200])
                #expect(try await keyCount(in: system) == 2)
            }
            try await during(["FLOTILLA_AUTH_SIGNING_KEY": next.pair]) { system in
                let seen = try await statuses(tokens, in: system)
                #expect(seen == [401, 200])
                #expect(try await keyCount(in: system) == 1)
            }
        }

        private func statuses(_ tokens: [String?], in system: RunningSystem) async throws -> [Int] {
            var statuses: [Int] = []
            for token in tokens {
                let api = system.api.with(token: token)
                statuses.append(try await api.get("/api/v1/users/me").status)
            }
            return statuses
        }

        private func keyCount(in system: RunningSystem) async throws -> Int {
            try await system.api.get("/.well-known/jwks.json").json["keys"].array.count
        }

        /// A new key, as OpenSSL writes it.
        private func key(
            _ name: String, in place: Directory
        ) async throws -> (pair: String, publicHalf: String) {
            let pair = "\(place.path)/\(name).pem"
            let made = try await Program.run(
                "/usr/bin/openssl", ["genpkey", "-algorithm", "ed25519", "-out", pair])
            try #require(made.exitCode == 0, "\(made)")
            let half = try await Program.run("/usr/bin/openssl", ["pkey", "-in", pair, "-pubout"])
            try #require(half.exitCode == 0, "\(half)")
            return ("file:\(pair)", half.output)
        }
    }
}
