import FlotillaTesting
import Foundation
import Gateway
import HTTPTypes
import Platform
import Settings
import Testing
import Web

@testable import flotilla

@Suite struct `Being a gateway` {
    private func settings(_ flags: [String: String]) throws -> Settings {
        try Settings.load(
            file: nil, flags: flags, environment: [:], catalogue: ModuleList().catalogue)
    }

    @Test func `is a process of its own`() throws {
        #expect(try ModuleList.runsGateway(settings(["modules": "gateway"])))
        #expect(try ModuleList.selected(by: settings(["modules": "gateway"])).isEmpty)
        #expect(try !ModuleList.runsGateway(settings(["modules": "all"])))
        #expect(try !ModuleList.runsGateway(settings(["modules": "user,order"])))
        for modules in ["gateway,user", "user,gateway"] {
            let settings = try settings(["modules": modules])
            let complaint = #expect(throws: Complaint.self) {
                try ModuleList.selected(by: settings)
            }
            #expect(complaint?.lines.first?.contains("gateway runs alone") == true)
        }
    }

    @Test func `knows where every path of the administrators leads`() async throws {
        let directory = try TemporaryDirectory()
        let composition = try Composition(
            list: ModuleList(), settings: settings(["storage.url": "sqlite:\(directory.path)"]))
        let served = AdminRoutes(composition: composition).all.map { "\($0.method) \($0.path)" }
        let passed = AdminRoutes.behindGateway.map { "\($0.method) \($0.path)" }
        #expect(served.sorted() == passed.sorted())
        await composition.close()
    }

    @Test func `complains of every module without an upstream, and of one that is away`()
        async throws
    {
        let settings = try settings([
            "modules": "gateway", "gateway.upstreams.user": "http://127.0.0.1:1",
        ])
        let checks = Gateway.checks(
            GatewayServer.gatewaySettings(settings), modules: ModuleList.names)
        #expect(checks.count == ModuleList.names.count)
        for check in checks {
            await #expect(throws: (any Error).self, "\(check.name)") { try await check.run() }
        }
    }

    @Test func `refuses an upstream that is no base URL`() throws {
        for url in ["user:8080", "ftp://user", "http://user/path", "http://a@user", "http://"] {
            #expect(throws: SettingsError.self, "\(url)") {
                try settings(["gateway.upstreams.user": url])
            }
        }
    }
}
