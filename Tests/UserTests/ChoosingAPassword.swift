import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import Testing
import Web

@testable import User

@Suite(.serialized) struct `Choosing a password` {
    private let policy = PasswordPolicy(lengthMin: 12)

    private func complaint(_ password: String) -> String? {
        policy.complaint(
            about: Password(password), email: EmailAddress("grace.hopper@navy.example"),
            names: ["Grace", "Hopper"])
    }

    @Test(arguments: [
        "correct horse battery", "ÄÖÜäöüßéèêñç", "🔑🗝️🔒🔓🚪🏠🌳🚲🚗🚀✨",
        "!\"#$%&'()*+,-./:;<=>?@[]", "a1b2c3d4e5f6", "graceful exit 77", "flotilla of nine swans",
    ])
    func `B30: takes any characters without rules of composition`(password: String) {
        #expect(complaint(password) == nil)
    }

    @Test(arguments: [
        ("password1234", "tried first"), ("Password2026!", "tried first"),
        ("qwertyuiop12", "tried first"), ("1qaz2wsx3edc", "tried first"),
        ("aaaaaaaaaaaa", "repeat"), ("abababababab", "repeat"), ("abcabcabcabc", "repeat"),
        ("            ", "repeat"), ("123456789012", "count up"), ("abcdefghijkl", "count up"),
        ("987654321098", "count up"), ("gracehopper1", "name"), ("HopperGrace7!", "name"),
        ("flotilla2026", "shop"), ("grace.hopper@navy.example", "address"),
        ("elevenchars", "12 to 256"),
    ])
    func `B32: refuses what is tried first, and says why`(password: String, reason: String) {
        #expect(complaint(password)?.contains(reason) == true, "\(complaint(password) ?? "taken")")
    }

    @Test func `B29: one code point is one character, up to 256`() {
        #expect(complaint("🔑🔑é🔑🔒🔒🔒z🔑é🔒") == "must have 12 to 256 characters")
        #expect(complaint("🔑🔑é🔑🔒🔒🔒z🔑é🔒x") == nil)
        #expect(complaint(String(repeating: "a tall tree ", count: 22)) != nil)
        #expect(complaint(String(repeating: "a tall tree ", count: 21)) == nil)
    }

    @Test func `S35: what is compared is bounded after it has grown by normalization`() {
        // One scalar that becomes eighteen (U+FDFA), 256 times: 4,608 are not looked at.
        let grown = String(repeating: "\u{FDFA}", count: Password.lengthMax)
        #expect(complaint(grown) == "must have 12 to 256 characters")
    }

    @Test func `B34: is judged alike at registration, change and by the command line`() async throws
    {
        let harness = try await ModuleHarness(UserModule.self)
        let refused = try await harness.register(["password": .string("lovelace2026")])
        #expect(refused.status == .unprocessableContent)
        let problem = try refused.read(ProblemSeen.self)
        #expect(problem.errors?.map(\.pointer) == ["/password"])
        #expect(problem.errors?.first?.detail.contains("your name") == true)
        let (user, _) = try await harness.join()
        let changed = try await harness.send(
            .post, "/api/v1/users/me/password", as: TestCaller(user.id),
            json: Form.json([
                "currentPassword": .string(Form.password), "newPassword": .string("password1234"),
            ]))
        #expect(changed.status == .unprocessableContent)
        #expect(try changed.read(ProblemSeen.self).errors?.map(\.pointer) == ["/newPassword"])
        #expect(try await harness.logIn().status == .created)
        await #expect(throws: Problem.self) {
            try await harness.module.createAdministrator(
                email: "boss@example.org", password: "administrator")
        }
    }
}
