import HTTPTypes
import Hummingbird
import Testing
import Web

@Suite struct `Answering other sites` {
    private static let shop = "https://shop.example"

    private func send(
        _ method: HTTPRequest.Method, _ path: String, from origin: String?,
        asking asked: String? = nil, origins: String = "\(shop), http://localhost:3000",
        passage: (any Passage)? = nil
    ) async throws -> DeskAnswer {
        var settings = WebServer.Settings()
        settings.corsOrigins = try #require(CORSOrigins(origins))
        var headers = HTTPFields()
        headers[.origin] = origin
        headers[.accessControlRequestMethod] = asked
        return try await Desk().send(
            method, path, headers: headers, settings: settings, passage: passage)
    }

    @Test(arguments: [
        ("/desk", 200), ("/nothing", 404), ("/desk/drawer", 401), ("/desk/failures/bug", 500),
        ("/desk/forms", 405),
    ])
    func `B115: lets the pages of a site that is listed read every answer`(
        path: String, status: Int
    ) async throws {
        for origin in [Self.shop, "http://localhost:3000"] {
            let answer = try await send(.get, path, from: origin)
            #expect(answer.status.code == status)
            #expect(answer.headers[values: .accessControlAllowOrigin] == [origin])
            #expect(
                answer.headers[.accessControlExposeHeaders]
                    == "ETag, Location, Retry-After, X-Request-Id, Idempotent-Replayed")
            #expect(answer.headers[.accessControlAllowCredentials] == nil)
            #expect(answer.headers[values: .vary] == ["Origin"])
        }
    }

    @Test(
        arguments: [
            nil, "", "null", "*", "https://evil.example", "https://shop.example.evil.example",
            "https://evilshop.example", "http://shop.example", "https://shop.example:8443",
            "https://shop.example/", "https://SHOP.example", "https://sub.shop.example",
            "https://shop.example, https://shop.example",
        ] as [String?])
    func `B115: allows nothing to any other site`(origin: String?) async throws {
        for (method, asked) in [(HTTPRequest.Method.get, nil), (.options, "POST")] {
            let answer = try await send(method, "/desk", from: origin, asking: asked)
            #expect(answer.headers[.accessControlAllowOrigin] == nil)
            #expect(answer.headers[.accessControlAllowMethods] == nil)
            #expect(answer.headers[.accessControlExposeHeaders] == nil)
            #expect(answer.headers[values: .vary] == ["Origin"])
            #expect(answer.status == (asked == nil ? .ok : .methodNotAllowed))
        }
    }

    @Test(arguments: [
        ("/desk", "GET, HEAD"), ("/desk/drawer", "GET, HEAD"), ("/desk/forms/7", "DELETE"),
        ("/api/desk/ledger", "PATCH, PUT"),
    ])
    func `B115: tells a listed site before it sends, without a token`(
        path: String, methods: String
    ) async throws {
        let answer = try await send(.options, path, from: Self.shop, asking: "PUT")
        #expect(answer.status == .noContent)
        #expect(answer.body.isEmpty)
        let headers = answer.headers
        #expect(headers[.accessControlAllowOrigin] == Self.shop)
        #expect(headers[.accessControlAllowMethods] == methods)
        #expect(
            headers[.accessControlAllowHeaders]
                == "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, "
                + "X-Request-Id, traceparent")
        #expect(headers[.accessControlMaxAge] == "600")
        #expect(headers[.accessControlAllowCredentials] == nil)
        #expect(headers[.xContentTypeOptions] == "nosniff")
        #expect(headers[.requestID] != nil)
    }

    @Test func `B115: promises nothing where nothing is`() async throws {
        let answer = try await send(.options, "/nothing", from: Self.shop, asking: "GET")
        #expect(answer.status == .notFound)
        #expect(answer.headers[.accessControlAllowMethods] == nil)
    }

    @Test func `B115: takes a plain OPTIONS for no question of a browser`() async throws {
        let answer = try await send(.options, "/desk", from: Self.shop)
        #expect(answer.status == .methodNotAllowed)
    }

    @Test func `B115: says nothing of other sites unless some are listed`() async throws {
        let answer = try await send(.get, "/desk", from: Self.shop, origins: "")
        #expect(answer.headers[.accessControlAllowOrigin] == nil)
        #expect(answer.headers[.vary] == nil)
    }

    @Test func `B115: speaks for the processes behind a gateway, once`() async throws {
        let answer = try await send(.get, "/far", from: Self.shop, passage: FarDesk())
        #expect(answer.headers[values: .accessControlAllowOrigin] == [Self.shop])
        #expect(answer.headers[values: .vary] == ["Accept, origin"])
        let preflight = try await send(
            .options, "/far", from: Self.shop, asking: "PUT", passage: FarDesk())
        #expect(preflight.status == .noContent)
        #expect(
            preflight.headers[.accessControlAllowMethods]
                == "DELETE, GET, HEAD, PATCH, POST, PUT")
    }
}

@Suite struct `Listing other sites` {
    @Test(arguments: [
        "", "https://shop.example", "http://localhost:3000", "https://a.example:8443",
        "https://a.example, https://b.example", "http://127.0.0.1:8080",
        "http://[::1]:3000", "https://xn--bcher-kva.example", "http://shop.example:443",
    ])
    func `B115: takes origins as browsers write them`(text: String) {
        #expect(CORSOrigins(text) != nil)
    }

    @Test(arguments: [
        "*", "null", "https://*.shop.example", "shop.example", "https://shop.example/",
        "https://shop.example/path", "https://shop.example?", "https://shop.example#",
        "https://user@shop.example", "https://Shop.example", "HTTPS://shop.example",
        "https://shop.example:443", "http://shop.example:80", "https://shop.example:",
        "https://shop.example:0", "https://shop.example:65536", "https://shop.example:08443",
        "https://", "https://.", "https://a..example", "ftp://shop.example",
        "https://shop.example https://b.example", "https://shop.example, *",
        "https://bücher.example", "https://shop.example\r\nX: y",
    ])
    func `B115: refuses whatever is no exact origin`(text: String) {
        #expect(CORSOrigins(text) == nil)
    }
}

/// A process behind a gateway that speaks of other sites itself.
private struct FarDesk: Passage {
    func route(of path: String) -> String? { path == "/far" ? path : nil }

    func respond(to request: PassedRequest) async throws -> Response {
        Response(
            status: .ok,
            headers: [.accessControlAllowOrigin: "https://far.example", .vary: "Accept, origin"])
    }
}
