import Foundation
import Platform

/// Writes every mail as `<id>.eml` into a directory.
///
/// A mail appears whole or not at all: it is written and synced under another name, then renamed.
/// Sending the same id again replaces the file. A crash can leave a `.….tmp` behind, never half a
/// mail. Files are the owner's alone (0600), and so is a directory made here (0700).
struct FileMailTransport: MailTransport {
    private let directory: String
    private let threads = WorkThreads(name: "mail", countMax: 4)

    init(directory: String) {
        self.directory = directory
    }

    func send(_ message: MailMessage) async throws {
        let path = "\(directory)/\(message.id).eml"
        let bytes = Array(message.rendered().utf8)
        try await threads.run { [self] in
            try makeDirectory(directory)
            let draft = try writeDraft(bytes)
            guard rename(draft, path) == 0 else { throw failure(removing: draft) }
            try syncDirectory(directory)
        }
    }

    func check() async throws {
        try await threads.run { [self] in
            guard access(directory, F_OK) == 0 else { return try checkParent() }
            let draft = try writeDraft([])
            guard unlink(draft) == 0 else { throw Self.failure }
        }
    }

    /// The directory is made with the first mail; for now it is enough that it can be.
    private func checkParent() throws {
        var place = URL(filePath: directory).standardizedFileURL
        while access(place.path, F_OK) != 0, place.path != "/" { place.deleteLastPathComponent() }
        // With a slash behind it, a name is a directory's or nobody's.
        guard access(place.path + "/", W_OK | X_OK) == 0 else { throw Self.failure }
    }

    /// Writes a synced file under a name no other writer uses.
    private func writeDraft(_ bytes: [UInt8]) throws -> String {
        let draft = "\(directory)/.\(UUID().uuidString).tmp"
        let file = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw Self.failure }
        do {
            defer { close(file) }
            try write(bytes, to: file)
            guard fsync(file) == 0 else { throw Self.failure }
        } catch {
            unlink(draft)
            throw error
        }
        return draft
    }

    private func write(_ bytes: [UInt8], to file: Int32) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Foundation.write(file, $0.baseAddress, $0.count) }
            guard count >= 0 || errno == EINTR else { throw Self.failure }
            rest = rest.dropFirst(max(0, count))
        }
    }

    /// Makes the directory and its parents, each entry synced: else a power cut takes the
    /// directory and every mail in it.
    private func makeDirectory(_ path: String) throws {
        if mkdir(path, 0o700) == 0 { return try syncDirectory(Self.parent(of: path)) }
        switch errno {
        case EEXIST: return
        case ENOENT where Self.parent(of: path) != path:
            try makeDirectory(Self.parent(of: path))
            guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw Self.failure }
            try syncDirectory(Self.parent(of: path))
        default: throw Self.failure
        }
    }

    private func syncDirectory(_ path: String) throws {
        let file = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard file >= 0 else { throw Self.failure }
        defer { close(file) }
        guard fsync(file) == 0 else { throw Self.failure }
    }

    private func failure(removing draft: String) -> MailError {
        let failure = Self.failure
        unlink(draft)
        return failure
    }

    private static var failure: MailError { .unwritable(code: errno) }

    private static func parent(of path: String) -> String {
        let parent = (path as NSString).deletingLastPathComponent
        return parent.isEmpty ? "." : parent
    }
}
