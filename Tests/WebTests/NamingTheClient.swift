import Testing

@testable import Web

@Suite struct `Naming the client` {
    @Test(
        arguments: [
            // Nobody is trusted: what a client says about itself counts for nothing.
            ("", "192.0.2.7", ["203.0.113.9"], "192.0.2.7"),
            ("10.0.0.0/8", "192.0.2.7", ["203.0.113.9"], "192.0.2.7"),
            ("10.0.0.0/8", "10.1.2.3", ["203.0.113.9"], "203.0.113.9"),
            ("10.0.0.0/8", "10.1.2.3", [], "10.1.2.3"),
            // The last that is not ours; what stands before it was written by that client.
            ("10.0.0.0/8", "10.1.2.3", ["198.51.100.1, 203.0.113.9, 10.9.9.9"], "203.0.113.9"),
            ("10.0.0.0/8", "10.1.2.3", ["198.51.100.1", "203.0.113.9"], "203.0.113.9"),
            ("10.0.0.0/8", "10.1.2.3", ["10.4.4.4, 10.5.5.5"], "10.4.4.4"),
            ("10.0.0.0/8", "10.1.2.3", ["203.0.113.9, nonsense"], "10.1.2.3"),
            ("10.0.0.0/8", "10.1.2.3", ["nonsense, 203.0.113.9"], "203.0.113.9"),
            ("192.0.2.7", "192.0.2.7", ["203.0.113.9"], "203.0.113.9"),
            ("192.0.2.7", "192.0.2.8", ["203.0.113.9"], "192.0.2.8"),
            ("192.0.2.0/25", "192.0.2.127", ["203.0.113.9"], "203.0.113.9"),
            ("192.0.2.0/25", "192.0.2.128", ["203.0.113.9"], "192.0.2.128"),
            ("127.0.0.1", "::ffff:127.0.0.1", ["203.0.113.9"], "203.0.113.9"),
            ("fd00::/8, 10.0.0.0/8", "fd12::1", ["2001:db8::1"], "2001:db8::1"),
            ("fd00::/8", "fe80::1", ["2001:db8::1"], "fe80::1"),
            ("0.0.0.0/0", "192.0.2.7", ["::1"], "::1"),
        ] as [(String, String, [String], String)])
    func `believes trusted proxies alone`(
        proxies: String, peer: String, forwardedFor: [String], client: String
    ) throws {
        let proxies = try #require(TrustedProxies(proxies))
        #expect(proxies.client(peer: peer, forwardedFor: forwardedFor) == client)
    }

    @Test(arguments: ["10.0.0.0/33", "10.0.0/8", "localhost", "10.0.0.0/", "fd00::/129", "/8"])
    func `refuses a list that has something else in it`(text: String) {
        #expect(TrustedProxies(text) == nil)
    }
}
