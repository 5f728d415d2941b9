import Foundation
import Testing

@testable import Notification

@Suite struct `Writing a mail to a file` {
    @Test func `leaves one file for a mail sent twice, the later one`() async throws {
        try await withMailDirectory { directory in
            let transport = FileMailTransport(directory: directory)
            try await transport.send(.sample(text: "first"))
            try await transport.send(.sample(text: "second"))
            try await transport.send(.sample(id: "another"))
            #expect(try names(in: directory) == ["0198-welcome.eml", "another.eml"])
            let bytes = try Data(contentsOf: URL(filePath: "\(directory)/0198-welcome.eml"))
            #expect(String(decoding: bytes, as: UTF8.self).hasSuffix("\r\n\r\nsecond\r\n"))
        }
    }

    @Test func `makes the directory and keeps both to the owner`() async throws {
        try await withMailDirectory { root in
            let directory = "\(root)/data/mail"
            try await FileMailTransport(directory: directory).send(.sample())
            #expect(try mode(of: "\(directory)/0198-welcome.eml") == 0o600)
            #expect(try mode(of: directory) == 0o700)
            #expect(try mode(of: "\(root)/data") == 0o700)
        }
    }

    @Test func `leaves one whole mail when many send it at once`() async throws {
        try await withMailDirectory { directory in
            let transport = FileMailTransport(directory: directory)
            let text = String(repeating: "line\n", count: 5_000)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<20 {
                    group.addTask { try await transport.send(.sample(text: text)) }
                }
                try await group.waitForAll()
            }
            #expect(try names(in: directory) == ["0198-welcome.eml"])
            let bytes = try Data(contentsOf: URL(filePath: "\(directory)/0198-welcome.eml"))
            #expect(try bytes == Data(MailMessage.sample(text: text).rendered().utf8))
        }
    }

    @Test func `replaces a link instead of following it`() async throws {
        try await withMailDirectory { directory in
            let (link, other) = ("\(directory)/0198-welcome.eml", "\(directory)/other")
            try Data("untouched".utf8).write(to: URL(filePath: other))
            try FileManager.default.createSymbolicLink(
                atPath: link, withDestinationPath: other)
            try await FileMailTransport(directory: directory).send(.sample())
            #expect(try Data(contentsOf: URL(filePath: other)) == Data("untouched".utf8))
            #expect(try mode(of: link) == 0o600)
        }
    }

    @Test func `is worth a retry where a file stands in the way`() async throws {
        try await withMailDirectory { root in
            try Data().write(to: URL(filePath: "\(root)/taken"))
            for directory in ["\(root)/taken", "\(root)/taken/mail"] {
                let transport = FileMailTransport(directory: directory)
                let error = await #expect(throws: MailError.unwritable(code: ENOTDIR)) {
                    try await transport.send(.sample())
                }
                #expect(error?.isPermanent == false)
                await #expect(throws: MailError.unwritable(code: ENOTDIR)) {
                    try await transport.check()
                }
            }
            #expect(try names(in: root) == ["taken"])
        }
    }

    @Test func `leaves nothing behind when the rename is refused`() async throws {
        try await withMailDirectory { directory in
            try FileManager.default.createDirectory(
                atPath: "\(directory)/0198-welcome.eml/x", withIntermediateDirectories: true)
            await #expect(throws: MailError.unwritable(code: EISDIR)) {
                try await FileMailTransport(directory: directory).send(.sample())
            }
            #expect(try names(in: directory) == ["0198-welcome.eml"])
        }
    }

    @Test func `leaves nothing behind after a check`() async throws {
        try await withMailDirectory { root in
            try await FileMailTransport(directory: "\(root)/mail/").check()
            #expect(try names(in: root) == [], "the directory comes with the first mail")
            try await FileMailTransport(directory: root).check()
            #expect(try names(in: root) == [])
        }
    }

    private func names(in directory: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
    }

    private func mode(of path: String) throws -> mode_t {
        var status = stat()
        try #require(lstat(path, &status) == 0)
        return status.st_mode & 0o7777
    }
}
