import FlotillaTesting
import Foundation
import HTTPTypes
import Testing
import Web

@Suite struct `Naming a request` {
    @Test(arguments: [
        "a", "0", "A-Z_a.z-09", "...", String(repeating: "x", count: 128),
        "01970000-0000-7000-8000-000000000001",
    ])
    func `keeps the client's name`(name: String) async throws {
        let desk = Desk()
        let answer = try await desk.send(.get, "/desk", headers: [.requestID: name])
        #expect(answer.headers[.requestID] == name)
    }

    @Test(arguments: [
        nil, "", " ", "a b", "a/b", "a:b", "a,b", "<a>", "a\"b", "ä", "a%0d",
        String(repeating: "x", count: 129),
    ])
    func `makes one when the client's does not do`(name: String?) async throws {
        let desk = Desk()
        var headers = HTTPFields()
        headers[.requestID] = name
        let answer = try await desk.send(.get, "/desk", headers: headers)
        let made = try #require(answer.headers[.requestID])
        #expect(made != name)
        #expect(UUID(uuidString: made) != nil)
        #expect(made == made.lowercased())
    }

    @Test func `makes one when the client sends two`() async throws {
        let desk = Desk()
        var headers = HTTPFields()
        headers.append(HTTPField(name: .requestID, value: "a"))
        headers.append(HTTPField(name: .requestID, value: "b"))
        let answer = try await desk.send(.get, "/desk", headers: headers)
        #expect(UUID(uuidString: answer.headers[.requestID] ?? "") != nil)
    }

    @Test func `makes another for the next request`() async throws {
        let desk = Desk()
        let names = [
            try await desk.send(.get, "/desk").headers[.requestID],
            try await desk.send(.get, "/desk").headers[.requestID],
        ]
        #expect(Set(names).count == 2)
    }

    @Test func `names failed requests, too`() async throws {
        let desk = Desk()
        for path in ["/nothing", "/desk/drawer", "/desk/failures/bug"] {
            let answer = try await desk.send(.get, path, headers: [.requestID: "r-9"])
            #expect(answer.headers[.requestID] == "r-9")
            #expect(try answer.read(ProblemSeen.self).requestId == "r-9")
        }
    }
}

@Suite struct `Answering at all` {
    @Test(arguments: [
        "/desk", "/nothing", "/desk/drawer", "/desk/failures/problem", "/desk/failures/bug",
        "/desk/failures/busy",
    ])
    func `B114: forbids browsers what an API never needs`(path: String) async throws {
        let desk = Desk()
        let headers = try await desk.send(.get, path).headers
        #expect(headers[.xContentTypeOptions] == "nosniff")
        #expect(
            headers[.contentSecurityPolicy] == "default-src 'none'; frame-ancestors 'none'")
        #expect(headers[values: HTTPField.Name("Referrer-Policy")!] == ["no-referrer"])
        #expect(headers[values: .cacheControl] == ["no-store"])
    }

    @Test(arguments: ["/desk", "/nothing", "/desk/drawer", "/desk/failures/bug"])
    func `B114: tells browsers to come by TLS alone, if it is so set`(path: String) async throws {
        var settings = WebServer.Settings()
        let name = try #require(HTTPField.Name("Strict-Transport-Security"))
        #expect(try await Desk().send(.get, path).headers[values: name].isEmpty)
        settings.hstsMaxAge = .seconds(365 * 86_400)
        let answer = try await Desk().send(.get, path, settings: settings)
        #expect(answer.headers[values: name] == ["max-age=31536000; includeSubDomains"])
    }

    @Test func `leaves caching to a handler that says so`() async throws {
        let desk = Desk()
        let headers = try await desk.send(.get, "/desk/plan").headers
        #expect(headers[values: .cacheControl] == ["public, max-age=60"])
    }
}
