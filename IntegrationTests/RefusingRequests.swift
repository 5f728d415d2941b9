import Foundation
import Testing

extension `The whole system` {
    /// Refusals tell the caller everything and change nothing.
    @Suite struct `Refusing a request` {
        /// What one case sends, and what must come back.
        struct Refused: Sendable, CustomTestStringConvertible {
            let testDescription: String
            let body: JSON
            let pointers: [String]

            init(_ name: String, _ body: JSON, _ pointers: [String]) {
                testDescription = name
                self.body = body
                self.pointers = pointers
            }
        }

        private static let whole = Person.registration("Eve")
        static let registrations = [
            Refused("an empty object", [:], ["/email", "/password", "/firstName", "/lastName"]),
            Refused("no e-mail", whole.with("email", nil), ["/email"]),
            Refused("a null", whole.with("lastName", .null), ["/lastName"]),
            Refused("a number for a string", whole.with("firstName", 7), ["/firstName"]),
            Refused("an object for a string", whole.with("email", [:]), ["/email"]),
            Refused("no address", whole.with("email", "eve"), ["/email"]),
            Refused("a short password", whole.with("password", "1234567"), ["/password"]),
            Refused("a blank name", whole.with("firstName", "  "), ["/firstName"]),
            Refused("a line break", whole.with("lastName", "a\r\nBcc: x"), ["/lastName"]),
            Refused("an odd phone", whole.with("phone", "0172"), ["/phone"]),
            Refused("an unknown field", whole.with("role", "admin"), ["/role"]),
            Refused("a field with a slash", whole.with("a/b~c", 1), ["/a~1b~0c"]),
            Refused(
                "several at once", whole.with("email", "x").with("phone", 1).with("z", 1),
                ["/email", "/phone", "/z"]),
        ]
        static let orders = [
            Refused("no items", [:], ["/items"]),
            Refused("an empty list", ["items": []], ["/items"]),
            Refused("a string for a list", ["items": "x"], ["/items"]),
            Refused("a number in the list", ["items": [1]], ["/items/0"]),
            Refused(
                "an empty item", ["items": [[:]]], ["/items/0/productId", "/items/0/quantity"]),
            Refused(
                "an unknown product",
                ["items": [["productId": "01970000-0000-7000-8000-0000000000ff", "quantity": 1]]],
                ["/items/0/productId"]),
            Refused(
                "a wrong second item",
                ["items": [Orders.item(), Orders.item().with("quantity", 0).with("price", 1)]],
                ["/items/1/quantity", "/items/1/price"]),
            Refused(
                "a fraction", ["items": [Orders.item().with("quantity", .number(1.5))]],
                ["/items/0/quantity"]),
        ]

        @Test(arguments: Topology.allCases)
        func `B112: points at every wrong field of a body`(topology: Topology) async throws {
            try await withSystem(topology) { system in
                let admin = try await system.administrator()
                let ada = try await system.person("Ada")
                let before = try await system.census(by: admin, of: [ada])
                for refused in Self.registrations {
                    let answer = try await system.api.post("/api/v1/users", refused.body)
                    expectProblem(
                        answer, 422, "request.invalid", pointers: refused.pointers)
                }
                for refused in Self.orders {
                    let answer = try await ada.api.post("/api/v1/orders", refused.body)
                    expectProblem(
                        answer, 422, "request.invalid", pointers: refused.pointers)
                }
                #expect(try await system.census(by: admin, of: [ada]) == before)
            }
        }

        @Test(arguments: Topology.allCases)
        func `names what is wrong with its address, method, form or size`(
            topology: Topology
        ) async throws {
            try await withSystem(topology) { system in
                let admin = try await system.administrator()
                let ada = try await system.person("Ada")
                let before = try await system.census(by: admin, of: [ada])
                try await refuseForm(system.api)
                try await refusePlace(ada)
                expectProblem(
                    try await system.api.post("/api/v1/users", Person.registration("Ada")),
                    409, "user.email_taken")
                expectProblem(
                    try await system.api.post(
                        "/api/v1/users",
                        Person.registration("Ada").with("email", "ADA0@Example.COM")),
                    409, "user.email_taken")
                #expect(try await system.census(by: admin, of: [ada]) == before)
            }
        }

        private func refuseForm(_ api: API) async throws {
            for text in ["{", "", "[1]", "\"x\"", "{\"email\": }", "{\"a\":1}}", "\u{FEFF}x"] {
                expectProblem(
                    try await api.send("POST", "/api/v1/users", body: Data(text.utf8)), 400,
                    "request.malformed_json")
            }
            for type in ["text/plain", "application/x-www-form-urlencoded", "json", ""] {
                expectProblem(
                    try await api.post(
                        "/api/v1/users", Person.registration("Eve"),
                        headers: ["Content-Type": type]), 415,
                    "request.unsupported_media_type")
            }
            let large = Data(repeating: UInt8(ascii: " "), count: 2 << 20)
            for isChunked in [false, true] {
                expectProblem(
                    try await api.send(
                        "POST", "/api/v1/users", body: large, isChunked: isChunked), 413,
                    "request.too_large")
            }
        }

        private func refusePlace(_ person: Person) async throws {
            let api = person.api
            for query in ["limit=0", "limit=101", "limit=x", "cursor=x", "cursor="] {
                for list in ["orders", "notifications"] {
                    expectProblem(
                        try await api.get("/api/v1/\(list)?\(query)"), 400,
                        "request.malformed")
                }
            }
            for path in ["/", "/api", "/api/v1/ordersx", "/api/v1/orders/1/2", "/%00"] {
                expectProblem(try await api.get(path), 404, "resource.not_found")
            }
            expectProblem(
                try await api.get("/api/v1/orders/no-uuid"), 404, "resource.not_found")
            let wrong = try await api.send("PATCH", "/api/v1/orders")
            expectProblem(wrong, 405, "request.method_not_allowed")
            #expect(wrong.headers["allow"] == "GET, HEAD, POST")
            let deleted = try await api.delete("/api/v1/sessions/refresh")
            expectProblem(deleted, 405, "request.method_not_allowed")
            #expect(deleted.headers["allow"] == "POST")
        }
    }
}
