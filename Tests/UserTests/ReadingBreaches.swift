import Crypto
import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import Testing
import Web

@testable import User

@Suite(.serialized) struct `Reading a list of breached passwords` {
    private static let known = ["river otter lamp", "a breached phrase", "correct horse battery"]

    /// A list as they are published, of known passwords among made-up ones.
    private func makeList(_ directory: TemporaryDirectory, suffix: String = ":17") throws -> String
    {
        let words = Self.known + (0..<5_000).map { "word \($0)" }
        let lines = words.map { word in
            Insecure.SHA1.hash(data: Data(word.utf8)).hexEncoded.uppercased() + suffix
        }
        let path = "\(directory.path)/breached.txt"
        try Data(lines.sorted().joined(separator: "\n").utf8).write(to: URL(filePath: path))
        return path
    }

    @Test(arguments: [":17", "", ":3\r"])
    func `B32: finds what is on it, and nothing else`(suffix: String) async throws {
        let directory = try TemporaryDirectory()
        let list = BreachedPasswords(path: try makeList(directory, suffix: suffix))
        try await list.check()
        for index in stride(from: 0, to: 5_000, by: 7) {
            #expect(try await list.contains(Password("word \(index)")))
            #expect(try await !list.contains(Password("words \(index)")))
        }
        for word in Self.known { #expect(try await list.contains(Password(word))) }
    }

    @Test func `B32: a registration with one is refused with the reason`() async throws {
        let directory = try TemporaryDirectory()
        let harness = try await ModuleHarness(
            UserModule.self, settings: ["user.breachedPasswords": try makeList(directory)])
        let answer = try await harness.register()
        #expect(answer.status == .unprocessableContent)
        #expect(answer.text.contains("breach"))
        let other = try await harness.register(["password": .string("an unheard of phrase")])
        #expect(other.status == .created)
    }

    @Test(arguments: ["password", "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD", ""])
    func `refuses a file that is none, and takes nothing unseen`(text: String) async throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/list"
        try Data(text.utf8).write(to: URL(filePath: path))
        await #expect(throws: BreachedPasswordsUnfit.self) {
            try await BreachedPasswords(path: path).check()
        }
        let missing = BreachedPasswords(path: path + "-not-there")
        await #expect(throws: (any Error).self) { try await missing.contains(Password("x")) }
    }
}
