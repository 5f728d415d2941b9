import EventBus
import Events
import FlotillaTesting
import Foundation
import Platform
import Settings
import Storage
import Testing
import Web

@testable import flotilla

@Suite struct `Composing the program` {
    private func settings(_ flags: [String: String], in directory: String) throws -> Settings {
        var flags = flags
        flags["storage.url"] = flags["storage.url"] ?? "sqlite:\(directory)"
        return try Settings.load(
            file: nil, flags: flags, environment: [:], catalogue: ModuleList().catalogue)
    }

    @Test func `knows every module, event and consumer of the contract`() throws {
        let list = try ModuleList()
        #expect(
            Set(list.modulesOfConsumers.keys) == [
                "audit.trail", "notification.user-mails", "order.customers", "order.payments",
                "order.welcome-order", "payment.charge", "search.user-index",
                "payment.refunds", "payment.settlements", "payment.checks", "payment.bookings",
                "order.catalogue", "order.quotes", "order.stock", "order.deadlines",
                "product.holds", "product.hold-expiry", "product.preferences",
                "product.purchases",
                // Whoever answers callers hears whose access has ended.
                "payment.ended-access", "product.ended-access",
                "audit.ended-access", "notification.ended-access", "order.ended-access",
                "search.ended-access", "user.ended-access",
            ])
        let registration = try #require(
            list.registry.entries.first { $0.type == "UserRegisteredEventV1" })
        #expect(registration.topic == "user.events")
        #expect(registration.consumers.contains("search.user-index"))
    }

    @Test func `documents every key in the file that comes with it`() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let file = try String(
            contentsOf: root.appending(path: "config/monolith.yaml"), encoding: .utf8)
        #expect(try ModuleList().catalogue.documentation() == file)
    }

    @Test func `runs only the modules that it is told to`() async throws {
        let directory = try TemporaryDirectory()
        let composition = try Composition(
            list: ModuleList(),
            settings: settings(["modules": "search,audit"], in: directory.path))
        #expect(Set(composition.databases.keys) == ["search", "audit"])
        let files = try FileManager.default.contentsOfDirectory(atPath: directory.path)
        #expect(!files.contains { $0.hasPrefix("user.sqlite") })
        await composition.close()
    }

    @Test func `names the modules that there are when one is unknown`() throws {
        let directory = try TemporaryDirectory()
        let complaint = #expect(throws: Complaint.self) {
            try Composition(
                list: ModuleList(), settings: settings(["modules": "user,shop"], in: directory.path)
            )
        }
        #expect(complaint?.lines.first?.contains("no module shop") == true)
        #expect(complaint?.lines.first?.contains("notification") == true)
    }

    @Test func `refuses to run no module at all`() throws {
        let directory = try TemporaryDirectory()
        let complaint = #expect(throws: Complaint.self) {
            try Composition(
                list: ModuleList(), settings: settings(["modules": ""], in: directory.path))
        }
        #expect(complaint?.lines.first?.hasPrefix("modules: names no module") == true)
    }

    @Test(arguments: [
        ([:], false), (["bus.transport": "kafka"], true), (["bus.externalize": "true"], true),
    ])
    func `checks the broker that events are sent to, by the transport or besides`(
        flags: [String: String], isThere: Bool
    ) throws {
        let directory = try TemporaryDirectory()
        let settings = try settings(
            flags.merging(["bus.kafka.brokers": "127.0.0.1:1"]) { $1 }, in: directory.path)
        let broker = try Composition.broker(settings, ModuleList().registry)
        #expect((broker != nil) == isThere)
    }

    @Test func `lets mail wait longer than the house does, unless it is told otherwise`() throws {
        #expect(
            try ModuleList().retriesOfConsumers["notification.user-mails"]?.attemptCountMax == 30)
    }

    @Test func `refuses production without a signing key`() throws {
        let directory = try TemporaryDirectory()
        let complaint = #expect(throws: Complaint.self) {
            try Composition(
                list: ModuleList(),
                settings: settings(["environment": "production"], in: directory.path))
        }
        #expect(complaint?.lines.first?.hasPrefix("auth.signingKey is required") == true)
    }

    @Test func `needs no signing key where it fetches the public ones`() async throws {
        let directory = try TemporaryDirectory()
        let composition = try Composition(
            list: ModuleList(),
            settings: settings(
                [
                    "modules": "order,audit", "environment": "production",
                    "auth.jwksUrl": "http://user:8080/.well-known/jwks.json",
                ], in: directory.path))
        #expect(composition.tokenKeys.signingKey == nil)
        #expect(composition.tokenKeys.checks.map(\.name) == ["auth.jwksUrl"])
        let files = try FileManager.default.contentsOfDirectory(atPath: directory.path)
        #expect(!files.contains("signing-key.pem"))
        await composition.close()
    }

    @Test func `signs with its own key where User runs, whatever else is configured`() throws {
        let directory = try TemporaryDirectory()
        let keys = try Composition.tokenKeys(
            settings(["auth.jwksUrl": "http://user/jwks"], in: directory.path))
        #expect(keys.signingKey != nil)
    }

    @Test func `refuses production without User or a way to its keys`() throws {
        let directory = try TemporaryDirectory()
        let settings = try settings(
            ["modules": "order", "environment": "production"], in: directory.path)
        let complaint = #expect(throws: Complaint.self) { try Composition.tokenKeys(settings) }
        #expect(complaint?.lines.first?.hasPrefix("auth.jwksUrl is required") == true)
    }

    @Test func `makes a signing key once and keeps it to itself`() throws {
        let directory = try TemporaryDirectory()
        let settings = try settings([:], in: directory.path)
        let first = try Composition.signingKey(settings)
        let second = try Composition.signingKey(settings)
        #expect(first.publicKey.id == second.publicKey.id)
        let path = directory.path + "/signing-key.pem"
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
    }

    @Test func `refuses a signing key that is none, without repeating it`() throws {
        let directory = try TemporaryDirectory()
        let complaint = #expect(throws: Complaint.self) {
            try Composition.signingKey(
                settings(["auth.signingKey": "not a key"], in: directory.path))
        }
        #expect(complaint?.lines.first?.contains("not a key") == false)
    }

    @Test func `gives a consumer its own patience`() async throws {
        let directory = try TemporaryDirectory()
        let composition = try Composition(
            list: ModuleList(),
            settings: settings(
                ["bus.consumers.audit.trail.maxAttempts": "3", "modules": "audit"],
                in: directory.path))
        let policies = composition.bus.environment.settings.retryByConsumer
        #expect(policies["audit.trail"]?.attemptCountMax == 3)
        #expect(policies["order.payments"]?.attemptCountMax == 8)
        #expect(policies["payment.charge"]?.attemptCountMax == 40, "a provider may be away")
        await composition.close()
    }
}
