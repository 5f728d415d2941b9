import Foundation
import Testing

extension `The whole system` {
    /// Whoever stands before us may see one request where we see two (RFC 9112, section 11.2).
    @Suite struct `Leaving the end unclear` {
        /// Heads whose lengths contradict each other, or are none.
        static let heads = [
            "Content-Length: %d\r\nTransfer-Encoding: chunked",
            "Transfer-Encoding: chunked\r\nContent-Length: %d",
            "Content-Length: %d\r\nContent-Length: 4",
            "Content-Length: 4, %d", "Content-Length: +%d", "Content-Length: %dx",
            "Content-Length : %d", "Content-Length: -1", "Content-Length: 0x%x",
            "Transfer-Encoding: xchunked", "Transfer-Encoding: chunked, identity",
            "Transfer-Encoding : chunked", "Content-Length: 99999999999999999999",
        ]

        @Test(arguments: Topology.allCases)
        func `B118: is refused, and nothing behind it is taken for a request`(
            topology: Topology
        ) async throws {
            try await withSystem(topology) { system in
                for (number, head) in Self.heads.enumerated() {
                    let smuggled = Self.request(2 * number + 1, "Content-Length: %d")
                    let connection = try RawConnection(port: system.port)
                    try connection.write(Self.request(2 * number, head) + smuggled)
                    let answer = try #require(connection.readToEnd(), "\(head): it stays open")
                    #expect(answer.hasPrefix("HTTP/1.1 400 "), "\(head): \(answer)")
                    #expect(answer.components(separatedBy: "HTTP/1.1 ").count == 2, "\(answer)")
                }
                let users = try await system.tables.rows("user", "SELECT email FROM users")
                #expect(users.isEmpty)
                #expect(try await system.api.get("/health/live").status == 200)
            }
        }

        /// A registration with a body in one chunk, so that both readings are whole requests.
        private static func request(_ number: Int, _ head: String) -> String {
            let json = Person.registration("Mallory", number: number).description
            let size = String(json.utf8.count, radix: 16)
            let body = head.contains("hunked") ? "\(size)\r\n\(json)\r\n0\r\n\r\n" : json
            return """
                POST /api/v1/users HTTP/1.1\r
                Host: test\r
                Content-Type: application/json\r
                \(head.replacing("%d", with: "\(body.utf8.count)").replacing("%x", with: size))\r
                \r
                \(body)
                """
        }
    }
}
