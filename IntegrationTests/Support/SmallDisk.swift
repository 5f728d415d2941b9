import Foundation
import Testing

/// A way to keep a system from writing one byte more, and to let it again.
protocol Shortage: Sendable {
    func begin() async throws
    func end() async throws
}

/// A file system of a few MiB below a test's directory, to be filled.
struct SmallDisk: Shortage {
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
    func begin() async throws {
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
    func end() async throws { try FileManager.default.removeItem(atPath: "\(path)/ballast") }
}

/// A limit of the size of files (setrlimit(2), `RLIMIT_FSIZE`), for where nothing can be mounted:
/// what the process would write behind it is refused. Children ignore the signal that goes with it.
struct FileSizeLimit: Shortage {
    static let isPossible = FileManager.default.isExecutableFile(atPath: "/usr/bin/prlimit")

    let process: Int32

    func begin() async throws { try await limit("1") }

    func end() async throws { try await limit("unlimited") }

    private func limit(_ size: String) async throws {
        let run = try await Program.run(
            "/usr/bin/prlimit", ["--pid", "\(process)", "--fsize=\(size):unlimited"])
        try #require(run.exitCode == 0, "\(run)")
    }
}
