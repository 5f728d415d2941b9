import AsyncHTTPClient
import Foundation
import Testing

extension `The whole system` {
    @Suite struct `Going through a gateway` {
        /// User, Order with Payment, and a gateway in front, none of which shares a file with
        /// another.
        private func withFleet(
            _ body: (_ gateway: API, _ user: LoneProcess, _ order: LoneProcess) async throws -> Void
        ) async throws {
            let trusting = ["FLOTILLA_HTTP_TRUSTED_PROXIES": "127.0.0.1"]
            let user = try await LoneProcess("user", environment: trusting)
            let keys = "\(user.url)/.well-known/jwks.json"
            let order = try await LoneProcess(
                "order,payment",
                environment: trusting.merging(["FLOTILLA_AUTH_JWKS_URL": keys]) { $1 })
            let gateway = try await LoneProcess(
                "gateway",
                environment: trusting.merging([
                    "FLOTILLA_GATEWAY_UPSTREAMS_USER": user.url,
                    "FLOTILLA_GATEWAY_UPSTREAMS_ORDER": order.url,
                    "FLOTILLA_GATEWAY_UPSTREAMS_PAYMENT": order.url,
                ]) { $1 })
            let client = HTTPClient(eventLoopGroupProvider: .singleton)
            let result: Result<Void, any Error>
            do {
                try await body(API(url: gateway.url, client: client), user, order)
                // It has nothing of its own to remember.
                let files = try gateway.files.filter { !["log", "err"].contains($0) }
                #expect(files.isEmpty, "\(files)")
                result = .success(())
            } catch {
                result = .failure(error)
            }
            try await client.shutdown()
            for role in [gateway, order, user] { try await role.remove() }
            try result.get()
        }

        private func logIn(_ api: API, headers: [String: String] = [:]) async throws -> API {
            let body = Person.registration("Ada")
            let registered = try await api.post("/api/v1/users", body)
            try #require(registered.status == 201, "\(registered)")
            let answer = try await api.post(
                "/api/v1/sessions",
                ["email": body["email"], "password": .string(Person.password)], headers: headers)
            try #require(answer.status == 201, "\(answer)")
            return api.with(token: answer.json["accessToken"].string)
        }

        @Test func `takes tokens in every process, and goes on while User is away`() async throws {
            try await withFleet { api, user, _ in
                let ada = try await logIn(api)
                #expect(try await ada.get("/api/v1/users/me").status == 200)
                let orders = try await eventually("the keys are there") {
                    try await ada.get("/api/v1/orders")
                } until: {
                    $0.status != 503
                }
                #expect(orders.status == 200)
                user.process.kill()
                _ = try await user.process.ended()
                expectProblem(
                    try await ada.get("/api/v1/users/me"), 503, "service.unavailable")
                #expect(try await ada.get("/api/v1/orders").status == 200)
                #expect(try await api.get("/health/ready").status == 200)
                #expect(try await api.get("/health/integrations").status == 503)
            }
        }

        @Test func `B42: tells the events of a log-in where the client is`() async throws {
            try await withFleet { api, user, _ in
                _ = try await logIn(api, headers: ["X-Forwarded-For": "203.0.113.9"])
                let listed = try await user.command([
                    "events", "list", "--type", "UserLoggedInEventV1", "--json",
                    "--modules", "user",
                ])
                #expect(listed.output.contains("203.0.113.9"), "\(listed)")
            }
        }

        @Test func `joins what each process says of its consumers`() async throws {
            try await withFleet { api, user, _ in
                let made = try await user.command(
                    ["admin", "create-user", "--email", "root@example.com", "--modules", "user"],
                    environment: ["FLOTILLA_ADMIN_PASSWORD": Person.password])
                try #require(made.exitCode == 0, "\(made)")
                let answer = try await api.post(
                    "/api/v1/sessions",
                    ["email": "root@example.com", "password": .string(Person.password)])
                let root = api.with(token: answer.json["accessToken"].string)
                let listed = try await eventually("the keys are there") {
                    try await root.get("/api/v1/admin/consumers")
                } until: {
                    $0.json["unreachable"].string == nil && $0.items.count >= 15
                }
                #expect(
                    Set(listed.items.compactMap { $0["consumer"].string }) == [
                        "order.catalogue", "order.customers", "order.deadlines",
                        "order.ended-access", "order.payments", "order.quotes", "order.stock",
                        "order.welcome-order", "payment.bookings", "payment.charge",
                        "payment.checks", "payment.ended-access", "payment.refunds",
                        "payment.settlements", "user.ended-access",
                    ])
                #expect(try await root.get("/api/v1/admin/dead-letters?limit=5").items.isEmpty)
            }
        }
    }
}
