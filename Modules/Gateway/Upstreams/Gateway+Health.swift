import AsyncHTTPClient
import Foundation
import HTTPTypes
import NIOCore
import NIOHTTP1
public import Web

extension Gateway {
    /// The probes. The gateway is ready as long as it can serve: which upstreams are there is for
    /// each request to find out, and for `/health/integrations` to say.
    public var routes: [Route] {
        [
            .get("/health/live", access: .anyone) { _ in try HealthReport().answer() },
            .get("/health/startup", access: .anyone) { _ in try HealthReport().answer() },
            .get("/health/ready", access: .anyone) { _ in
                var report = HealthReport()
                if isDraining {
                    report.add("drain", failure: "the process is shutting down")
                }
                return try report.answer()
            },
            .get("/health/integrations", access: .anyone) { _ in
                try await integrations().answer()
            },
        ]
    }

    /// What every process says of its integrations, by `<modules>.<check>`, and of one that says
    /// nothing, that.
    private func integrations() async -> HealthReport {
        await withTaskGroup(of: (String, JSONValue?).self) { group in
            for upstream in fleet.upstreams {
                group.addTask(name: "integrations of \(upstream.name)") {
                    (upstream.name, await report(of: upstream))
                }
            }
            return await group.reduce(into: HealthReport()) { report, part in
                let (name, value) = part
                guard case .object(let members) = value,
                    case .object(let checks) = members["checks"]
                else { return report.add(name, failure: "does not answer") }
                for (check, result) in checks { report.add("\(name).\(check)", result) }
            }
        }
    }

    private func report(of upstream: Upstream) async -> JSONValue? {
        let parcel = Courier.Parcel(
            method: .GET, target: "/health/integrations", headers: ["Accept": "application/json"])
        // Each process gives its own checks 5 s.
        let answer = try? await courier.ask(parcel, of: upstream, until: .now + .seconds(6))
        return answer.flatMap { try? JSONValue(parsing: $0.body) }
    }
}

/// What `/health` answers: the results by their names, and the worst of them.
private struct HealthReport: Encodable {
    private static let statuses = ["pass", "warn", "fail"]

    private var status = "pass"
    private var checks: [String: JSONValue] = [:]

    mutating func add(_ name: String, failure: String) {
        add(name, .object(["status": .string("fail"), "detail": .string(failure)]))
    }

    mutating func add(_ name: String, _ result: JSONValue) {
        checks[name] = result
        guard case .object(let members) = result, case .string(let text) = members["status"],
            let rank = Self.statuses.firstIndex(of: text)
        else {
            status = "fail"
            return
        }
        if rank > Self.statuses.firstIndex(of: status) ?? 0 { status = text }
    }

    func answer() throws -> WebResponse {
        try .json(self, status: status == "fail" ? .serviceUnavailable : .ok)
    }
}
