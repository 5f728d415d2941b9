import Foundation
import Testing

extension `The whole system` {
    @Suite struct `Sending slowly` {
        private static let head = """
            POST /api/v1/users HTTP/1.1\r
            Host: test\r
            Content-Type: application/json\r
            X-Request-Id: slow-1\r

            """

        @Test(arguments: Topology.allCases)
        func `B117: gets 408 and a closed connection after the request timeout`(
            topology: Topology
        ) async throws {
            let timeout = ["FLOTILLA_HTTP_REQUEST_TIMEOUT": "1s"]
            try await withSystem(topology, environment: timeout) { system in
                let connection = try RawConnection(port: system.port)
                let start = ContinuousClock.now
                try connection.write(Self.head + "Content-Length: 1000\r\n\r\n")
                // The one pause here: dripping is the behaviour under test.
                while !connection.isReadable, ContinuousClock.now < start + .seconds(5) {
                    try connection.write(" ")
                    try await Task.sleep(for: .milliseconds(50))
                }
                let elapsed = ContinuousClock.now - start
                let answer = try #require(connection.readToEnd(), "it stays open")
                // A gateway hands on what the process behind it says, once it has read for two more
                // seconds what nobody wants, so that the answer is seen.
                let limit = Duration.seconds(topology.isSplit ? 5 : 3)
                #expect(elapsed > .milliseconds(900) && elapsed < limit)
                #expect(answer.hasPrefix("HTTP/1.1 408 Request Timeout\r\n"), "\(answer)")
                #expect(answer.lowercased().contains("\r\nconnection: close\r\n"), "\(answer)")
                #expect(answer.contains("\"code\":\"request.timeout\""), "\(answer)")
                #expect(answer.contains("\"requestId\":\"slow-1\""), "\(answer)")
                #expect(answer.lowercased().contains("application/problem+json"))
                #expect(answer.components(separatedBy: "HTTP/1.1").count == 2, "\(answer)")
                #expect(try await system.api.get("/health/live").status == 200)
            }
        }

        /// As long as a connection may be idle; waiting for it costs nothing.
        @Test func `B117: heads that never end are cut off, and hold up nobody meanwhile`()
            async throws
        {
            try await withSystem(.monolithSQLite) { system in
                let connections = try (0..<100).map { _ in try RawConnection(port: system.port) }
                let start = ContinuousClock.now
                for connection in connections { try connection.write(Self.head + "X-Drip: ") }
                var open = connections[...]
                while !open.isEmpty, ContinuousClock.now < start + .seconds(90) {
                    for connection in open { try connection.write("x") }
                    #expect(try await system.api.get("/health/live").status == 200)
                    try await Task.sleep(for: .milliseconds(500))
                    open = open.filter { !$0.isReadable }
                }
                #expect(open.isEmpty, "\(open.count) stay open")
                #expect(connections.allSatisfy { $0.readToEnd() == "" })
                #expect(ContinuousClock.now - start > .seconds(60), "idle ones may stay a while")
            }
        }

        @Test(arguments: Topology.allCases)
        func `is served like anybody else within the request timeout`(
            topology: Topology
        ) async throws {
            try await withSystem(topology) { system in
                let body = Person.registration("Ada").description
                let connection = try RawConnection(port: system.port)
                try connection.write(
                    Self.head + "Connection: close\r\nContent-Length: \(body.utf8.count)\r\n\r\n")
                for character in body { try connection.write(String(character)) }
                let answer = try #require(connection.readToEnd())
                #expect(answer.hasPrefix("HTTP/1.1 201 Created\r\n"), "\(answer)")
            }
        }
    }
}
