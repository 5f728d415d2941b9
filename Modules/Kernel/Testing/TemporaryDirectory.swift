import Foundation

/// A directory of its own for one test, gone when the object is.
public final class TemporaryDirectory: Sendable {
    /// The absolute path.
    public let path: String

    /// Makes the directory.
    ///
    /// - Throws: the file system's error.
    public init() throws {
        path =
            FileManager.default.temporaryDirectory
            .appendingPathComponent("flotilla-\(UUID().uuidString.lowercased())").path
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
