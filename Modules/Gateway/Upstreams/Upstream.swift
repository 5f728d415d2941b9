import Metrics
import Platform
import Synchronization
import Web

/// A process behind the gateway. A class with a `Mutex`: the circuit is looked at once a request.
final class Upstream: Sendable {
    let url: UpstreamURL
    /// The modules that it runs, `order,payment`: its name in metrics, logs and reports.
    let name: String
    private let circuit: Mutex<ProbedCircuit>

    init(url: UpstreamURL, modules: [String], circuit: Circuit.Settings) {
        self.url = url
        name = modules.joined(separator: ",")
        self.circuit = Mutex(ProbedCircuit(circuit))
        record()
    }

    /// Asks for leave to send a request; one of the other functions must tell its end.
    ///
    /// - Throws: ``Problem`` 503 while it is not to be asked.
    func admit() throws {
        let admission = update { $0.admit(at: .now) }
        guard case .no(let wait) = admission else { return }
        throw Problem.unavailable(
            "\(name) is away", retryAfterSeconds: max(1, Int((wait / .seconds(1)).rounded(.up))))
    }

    func succeeded() { update { $0.succeeded() } }

    func failed() { update { $0.failed(at: .now) } }

    func abandoned() { update { $0.abandoned() } }

    func probed(isReady: Bool) { update { $0.probed(isReady: isReady, at: .now) } }

    @discardableResult private func update<T: Sendable>(
        _ change: @Sendable (inout ProbedCircuit) -> T
    ) -> T {
        let (result, isChanged) = circuit.withLock { circuit in
            let before = (circuit.state, circuit.isReady)
            let result = change(&circuit)
            return (result, before != (circuit.state, circuit.isReady))
        }
        if isChanged { record() }
        return result
    }

    private func record() {
        let (state, isReady) = circuit.withLock { ($0.state, $0.isReady) }
        let number =
            switch state {
            case .closed: 0
            case .halfOpen: 1
            case .open: 2
            }
        Meter(label: "flotilla.gateway.circuit_state", dimensions: [("upstream", name)])
            .set(number)
        Meter(label: "flotilla.gateway.upstream_up", dimensions: [("upstream", name)])
            .set(isReady ? 1 : 0)
    }
}

/// Every process behind the gateway, once, and which one runs a module.
struct Fleet: Sendable {
    /// In the order of their names.
    let upstreams: [Upstream]
    private let upstreamsOfModules: [String: Upstream]

    init(_ settings: GatewaySettings) {
        let modules = Dictionary(grouping: settings.upstreams.keys) { settings.upstreams[$0] }
        var upstreams: [Upstream] = []
        var upstreamsOfModules: [String: Upstream] = [:]
        for (url, modules) in modules {
            guard let url else { continue }
            let upstream = Upstream(url: url, modules: modules.sorted(), circuit: settings.circuit)
            upstreams.append(upstream)
            for module in modules { upstreamsOfModules[module] = upstream }
        }
        self.upstreams = upstreams.sorted { $0.name < $1.name }
        self.upstreamsOfModules = upstreamsOfModules
    }

    /// - Throws: ``Problem`` 503 when the configuration names none.
    func upstream(of module: String) throws -> Upstream {
        guard let upstream = upstreamsOfModules[module] else {
            throw Problem.unavailable(
                "no upstream is configured for the module \(module)", retryAfterSeconds: 60)
        }
        return upstream
    }
}
