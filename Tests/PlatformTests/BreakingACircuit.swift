import Platform
import Testing

@Suite struct `Breaking a circuit` {
    private let start = ContinuousClock.now

    private func circuit(after failureCount: Int = 3) -> Circuit {
        Circuit(Circuit.Settings(failureCountMax: failureCount, pause: .seconds(5)))
    }

    private func opened() -> Circuit {
        var circuit = circuit()
        for _ in 1...3 { circuit.failed(at: start) }
        return circuit
    }

    @Test func `happens after so many failures in a row`() {
        var circuit = circuit()
        circuit.failed(at: start)
        circuit.failed(at: start)
        circuit.succeeded()
        circuit.failed(at: start)
        circuit.failed(at: start)
        #expect(circuit.admit(at: start) == .yes)
        circuit.failed(at: start)
        #expect(circuit.admit(at: start) == .no(retryAfter: .seconds(5)))
        #expect(circuit.admit(at: start + .seconds(4)) == .no(retryAfter: .seconds(1)))
    }

    @Test func `lets one request through after the pause`() {
        var circuit = opened()
        #expect(circuit.admit(at: start + .seconds(5)) == .yes)
        #expect(circuit.admit(at: start + .seconds(5)) != .yes)
        circuit.succeeded()
        #expect(circuit.admit(at: start + .seconds(5)) == .yes)
        #expect(circuit.admit(at: start + .seconds(5)) == .yes)
    }

    @Test func `begins anew when that request fails`() {
        var circuit = opened()
        #expect(circuit.admit(at: start + .seconds(5)) == .yes)
        circuit.failed(at: start + .seconds(6))
        #expect(circuit.admit(at: start + .seconds(10)) == .no(retryAfter: .seconds(1)))
        #expect(circuit.admit(at: start + .seconds(11)) == .yes)
    }

    @Test func `gives the place of a request that went away to the next`() {
        var circuit = opened()
        #expect(circuit.admit(at: start + .seconds(5)) == .yes)
        circuit.abandoned()
        #expect(circuit.admit(at: start + .seconds(5)) == .yes)
    }

    @Test func `may be told from beside, and lets one try`() {
        var circuit = circuit()
        circuit.letOneTry()
        #expect(circuit.state == .closed)
        circuit.open(until: start + .seconds(9))
        #expect(circuit.admit(at: start + .seconds(8)) == .no(retryAfter: .seconds(1)))
        circuit.letOneTry()
        #expect(circuit.admit(at: start) == .yes)
        #expect(circuit.admit(at: start) == .no(retryAfter: .milliseconds(250)))
        circuit.failed(at: start, pause: .seconds(1))
        #expect(circuit.admit(at: start) == .no(retryAfter: .seconds(1)))
    }
}
