import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import Testing
import User
import UserContract
import Web

@Suite(.serialized) struct `Reading the pages that mails lead to` {
    private static let pages = [
        "verify-email", "reset-password", "confirm-email-change", "undo-email-change",
    ]

    @Test(arguments: pages)
    func `a page is HTML that runs this server's own script alone`(page: String) async throws {
        let harness = try await ModuleHarness(UserModule.self)
        let answer = try await harness.send(.get, "/account/\(page)")
        #expect(answer.status == .ok)
        #expect(answer.headers[.contentType] == "text/html; charset=utf-8")
        let policy = answer.headers[.contentSecurityPolicy] ?? ""
        #expect(policy.contains("script-src 'self'"))
        #expect(policy.contains("frame-ancestors 'none'"))
        #expect(!policy.contains("unsafe"))
        let referrer = HTTPField.Name("Referrer-Policy").flatMap { answer.headers[$0] }
        #expect(referrer == "no-referrer")
        #expect(!answer.text.contains("<script>"))
        #expect(!answer.text.contains(" style="))
    }

    @Test(arguments: [("account.js", "text/javascript"), ("account.css", "text/css")])
    func `what a page needs is there`(name: String, type: String) async throws {
        let harness = try await ModuleHarness(UserModule.self)
        let answer = try await harness.send(.get, "/account/\(name)")
        #expect(answer.status == .ok)
        #expect(answer.headers[.contentType] == "\(type); charset=utf-8")
    }

    @Test func `each page calls an endpoint that there is`() async throws {
        let harness = try await ModuleHarness(UserModule.self)
        for page in Self.pages {
            let text = try await harness.send(.get, "/account/\(page)").text
            let endpoint = try #require(text.firstMatch(of: /data-endpoint="([^"]+)"/)?.1)
            let answer = try await harness.send(
                .post, String(endpoint),
                json: #"{"token":"x","newPassword":"correct horse battery"}"#)
            #expect([.badRequest, .unprocessableContent].contains(answer.status), "\(endpoint)")
        }
    }

    @Test func `B76: looking at a page spends nothing`() async throws {
        let harness = try await ModuleHarness(UserModule.self)
        let user = try await harness.register().read(UserSeen.self)
        let event = try #require(try await harness.published(UserRegistered.self).first)
        let token = try harness.sealing.open(
            try #require(event.sealedToken), for: SealedToken.purpose,
            of: SealedToken.subject(user.id, .emailVerification))
        for query in ["", "?token=\(token)"] {
            _ = try await harness.send(.get, "/account/verify-email\(query)")
        }
        let confirmed = try await harness.send(
            .post, "/api/v1/email-verifications/confirm", json: #"{"token":"\#(token)"}"#)
        #expect(confirmed.status == .noContent)
    }
}
