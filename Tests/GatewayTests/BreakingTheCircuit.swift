import NIOHTTP1
import Platform
import Testing

@testable import Gateway

@Suite(.timeLimit(.minutes(3))) struct `Probing behind a circuit` {
    private let start = ContinuousClock.now

    private func circuit(after failureCount: Int = 3) -> ProbedCircuit {
        ProbedCircuit(Circuit.Settings(failureCountMax: failureCount, pause: .seconds(5)))
    }

    private func opened() -> ProbedCircuit {
        var circuit = circuit()
        for _ in 1...3 { circuit.failed(at: start) }
        return circuit
    }

    @Test func `needs two probes that fail, and ends with one that succeeds`() {
        var circuit = circuit()
        circuit.probed(isReady: false, at: start)
        #expect(circuit.admit(at: start) == .yes)
        #expect(circuit.isReady)
        circuit.probed(isReady: false, at: start)
        #expect(circuit.admit(at: start) != .yes)
        #expect(!circuit.isReady)
        circuit.probed(isReady: true, at: start)
        #expect(circuit.admit(at: start) == .yes)
        circuit.succeeded()
        #expect(circuit.state == .closed)
    }

    @Test func `does not believe probes that requests refute`() {
        var circuit = circuit()
        for _ in 1...2 { circuit.probed(isReady: false, at: start) }
        #expect(circuit.admit(at: start + .milliseconds(250)) == .yes)
        circuit.succeeded()
        for _ in 1...10 {
            circuit.probed(isReady: false, at: start + .seconds(1))
            #expect(circuit.admit(at: start + .seconds(1)) == .yes)
        }
        circuit.probed(isReady: true, at: start + .seconds(2))
        for _ in 1...2 { circuit.probed(isReady: false, at: start + .seconds(3)) }
        #expect(circuit.admit(at: start + .seconds(3)) != .yes)
    }

    @Test func `lasts while probes succeed and requests do not`() {
        var circuit = opened()
        circuit.probed(isReady: true, at: start)
        #expect(circuit.admit(at: start + .seconds(1)) != .yes)
    }
}

@Suite(.timeLimit(.minutes(3))) struct `Watching upstreams` {
    private static let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

    @Test func `answers 503 at once when an upstream failed so often`() async throws {
        let port = try await RawUpstream.freePort()
        try await withGateway(
            ["order": "http://127.0.0.1:\(port)"],
            flags: ["circuit.failures": "4", "circuit.pause": "10m", "retries": "0"]
        ) { gateway in
            for _ in 1...4 { _ = try await gateway.get("/api/v1/orders") }
            // It is there again, and is not asked.
            try await RawUpstream.withUpstream(port: port) { exchange in
                try await exchange.answerAll(Self.ok)
            } _: { upstream in
                let answer = try await gateway.get("/api/v1/orders")
                #expect(answer.status == 503)
                #expect(answer.isProblem)
                #expect(answer.headers.first(name: "Retry-After") != nil)
                #expect(upstream.connectionCount == 0)
            }
        }
    }

    @Test func `does not count 500 and 503 as failures`() async throws {
        for status in [500, 503] {
            try await RawUpstream.withUpstream { exchange in
                try await exchange.answerAll(
                    "HTTP/1.1 \(status) No\r\nContent-Length: 4\r\n\r\nsaid")
            } _: { upstream in
                try await withGateway(
                    ["order": upstream.url], flags: ["circuit.failures": "2", "retries": "0"]
                ) { gateway in
                    for _ in 1...5 {
                        let answer = try await gateway.get("/api/v1/orders")
                        #expect(answer.text == "said")
                    }
                }
            }
        }
    }

    @Test func `keeps one upstream's failures from the others`() async throws {
        let port = try await RawUpstream.freePort()
        try await RawUpstream.withUpstream { exchange in
            try await exchange.answerAll(Self.ok)
        } _: { upstream in
            try await withGateway(
                ["order": "http://127.0.0.1:\(port)", "search": upstream.url],
                flags: ["circuit.failures": "1"]
            ) { gateway in
                for _ in 1...3 {
                    let (bad, good) = (
                        try await gateway.get("/api/v1/orders").status,
                        try await gateway.get("/api/v1/users/7").status
                    )
                    #expect((bad, good) == (503, 200))
                }
            }
        }
    }

    @Test func `finds an upstream again as soon as a probe does`() async throws {
        let port = try await RawUpstream.freePort()
        try await withGateway(
            ["order": "http://127.0.0.1:\(port)"],
            flags: ["circuit.failures": "1", "circuit.pause": "10m", "probeInterval": "20ms"]
        ) { gateway in
            _ = try await gateway.get("/api/v1/orders")
            try await RawUpstream.withUpstream(port: port) { exchange in
                try await exchange.answerAll(Self.ok)
            } _: { _ in
                while try await gateway.get("/api/v1/orders").status != 200 {
                    try await Task.sleep(for: .milliseconds(10))
                }
            }
        }
    }

    @Test func `is ready itself whatever its upstreams are, until it stops`() async throws {
        let port = try await RawUpstream.freePort()
        try await withGateway(["order": "http://127.0.0.1:\(port)"]) { gateway in
            for path in ["/health/ready", "/health/live", "/health/startup"] {
                let answer = try await gateway.get(path)
                #expect(answer.status == 200)
            }
            gateway.gateway.drain()
            let answer = try await gateway.get("/health/ready")
            #expect(answer.status == 503)
        }
    }

    @Test func `joins what every upstream says of its integrations`() async throws {
        let port = try await RawUpstream.freePort()
        let report = #"{"status":"warn","checks":{"bus":{"status":"warn","detail":"late"}}}"#
        try await RawUpstream.withUpstream { exchange in
            try await exchange.answerAll(
                "HTTP/1.1 200 OK\r\nContent-Length: \(report.count)\r\n\r\n\(report)")
        } _: { upstream in
            try await withGateway(["order": upstream.url, "user": upstream.url]) { gateway in
                let answer = try await gateway.get("/health/integrations")
                #expect(answer.status == 200)
                #expect(answer.json["status"] as? String == "warn")
                let checks = answer.json["checks"] as? [String: [String: Any]]
                #expect(checks?["order,user.bus"]?["detail"] as? String == "late")
            }
            try await withGateway([
                "order": upstream.url, "user": "http://127.0.0.1:\(port)",
            ]) { gateway in
                let answer = try await gateway.get("/health/integrations")
                #expect(answer.status == 503)
                #expect(answer.json["status"] as? String == "fail")
                let checks = answer.json["checks"] as? [String: [String: Any]]
                #expect(checks?["user"]?["status"] as? String == "fail")
                #expect(checks?["order.bus"]?["status"] as? String == "warn")
            }
        }
    }
}
