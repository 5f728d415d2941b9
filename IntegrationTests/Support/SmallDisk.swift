import Foundation
import Testing

/// A file system of a few MiB below a test's directory, to be filled.
struct SmallDisk: Sendable {
    let path: String

    /// Whether this process may mount one; a container may keep that from its root.
    static func isPossible() async -> Bool {
        guard let directory = try? Directory() else { return false }
        defer { directory.remove() }
        guard let disk = try? await SmallDisk(at: directory.path, mebibytes: 1) else {
            return false
        }
        await disk.remove()
        return true
    }

    /// Mounts a tmpfs at an existing directory.
    init(at path: String, mebibytes: Int) async throws {
        self.path = path
        let mounted = try await Program.run(
            "/usr/bin/mount", ["-t", "tmpfs", "-o", "size=\(mebibytes)m", "flotilla-it", path])
        try #require(mounted.exitCode == 0, "\(mounted)")
    }

    func remove() async { _ = try? await Program.run("/usr/bin/umount", ["-l", path]) }

    /// Writes one file until there is no byte left.
    func fill() throws {
        let file = open("\(path)/ballast", O_WRONLY | O_CREAT | O_APPEND, 0o600)
        try #require(file >= 0)
        defer { close(file) }
        // Smaller and smaller pieces, so that the last page is taken as well.
        for size in [1 << 20, 1 << 14, 1 << 12, 1] {
            let piece = [UInt8](repeating: 0x20, count: size)
            while write(file, piece, size) == size {}
        }
        try #require(errno == ENOSPC)
    }

    /// Gives the room back.
    func empty() throws { try FileManager.default.removeItem(atPath: "\(path)/ballast") }
}
