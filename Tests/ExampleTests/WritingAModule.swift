import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import Storage
import Testing
import UserContract

/// The module that the README shows works as it stands there.
@Suite struct `Writing a module` {
    @Test func `takes forty lines, in which a wish is kept until its user is gone`() async throws {
        let wishlist = try await ModuleHarness(WishlistModule.self)
        let ada = TestCaller()
        let answer = try await wishlist.send(
            .post, "/api/v1/wishes", as: ada, json: #"{"wish": "a kite"}"#)
        #expect(answer.status == .created)
        #expect(try await wishCount(in: wishlist) == 1)

        try await wishlist.publish(UserDeleted(userID: ada.userID, deletedAt: wishlist.time.now))
        try await wishlist.settle()
        #expect(try await wishCount(in: wishlist) == 0)
    }

    @Test func `is shown in the README to the letter`() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let source = try String(
            contentsOf: root.appending(path: "Tests/ExampleTests/WishlistModule.swift"),
            encoding: .utf8)
        let readme = try String(contentsOf: root.appending(path: "README.md"), encoding: .utf8)
        #expect(readme.contains("```swift\n\(source)```"))
    }

    private func wishCount(in harness: ModuleHarness<WishlistModule>) async throws -> Int {
        try await harness.database.read { transaction in
            try transaction.first("SELECT COUNT(*) AS n FROM wishes")?.get("n") ?? 0
        }
    }
}
