import Foundation
import Testing

extension `The whole system` {
    @Suite struct `Asking for a head` {
        static let places: [(path: String, status: Int)] = [
            ("/health/live", 200), ("/api/v1/orders", 401),
            ("/api/v1/sessions/refresh", 405), ("/no/such/path", 404),
        ]

        /// RFC 9110, section 9.3.2. A body here would be read as the next answer of the
        /// connection: a proxy would hand it to somebody else.
        @Test(arguments: Topology.allCases)
        func `brings no body, whatever the status`(topology: Topology) async throws {
            try await withSystem(topology) { system in
                for place in Self.places {
                    let connection = try RawConnection(port: system.port)
                    try connection.write("HEAD \(place.path) HTTP/1.1\r\nHost: test\r\n\r\n")
                    let head = try #require(connection.read(until: "\r\n\r\n"))
                    #expect(head.hasPrefix("HTTP/1.1 \(place.status) "), "\(head)")
                    try connection.write(
                        "GET /health/live HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")
                    let next =
                        head.components(separatedBy: "\r\n\r\n").dropFirst().joined()
                        + (connection.readToEnd() ?? "")
                    #expect(next.hasPrefix("HTTP/1.1 200 OK\r\n"), "\(place): \(next)")
                }
            }
        }
    }
}
