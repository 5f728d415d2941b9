import Foundation

/// A small file of text, read whole.
enum TextFile {
    case text(String)
    /// The reason is one clause that follows the file's name: "does not exist".
    case unusable(reason: String)

    /// A megabyte; a configuration or a key is some kilobytes, so more is a wrong path.
    private static let byteCountMax = 1 << 20

    /// Reads the file at a path, which may be relative to the working directory.
    static func read(_ path: String) -> TextFile {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
            return .unusable(reason: "does not exist")
        }
        guard !isDirectory.boolValue else { return .unusable(reason: "is a directory") }
        guard let file = FileHandle(forReadingAtPath: path) else {
            return .unusable(reason: "cannot be read")
        }
        defer { try? file.close() }
        // One byte more than allowed tells a file that is too large, also an endless device.
        let data: Data
        do {
            data = try file.read(upToCount: byteCountMax + 1) ?? Data()
        } catch {
            return .unusable(reason: "cannot be read")
        }
        guard data.count <= byteCountMax else {
            return .unusable(reason: "is larger than \(byteCountMax) bytes")
        }
        guard let text = String(data: data, encoding: .utf8) else {
            return .unusable(reason: "is not UTF-8 text")
        }
        return .text(text)
    }
}
