import Foundation

/// A directory of one test, outside of everything else.
struct Directory: Sendable {
    let path: String

    init() throws {
        path = "/tmp/flotilla-it-\(UUID().uuidString.prefix(8).lowercased())"
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true)
    }

    func remove() { try? FileManager.default.removeItem(atPath: path) }

    /// A file's text; empty while there is no such file.
    func text(_ name: String) throws -> String {
        guard let data = FileManager.default.contents(atPath: "\(path)/\(name)") else { return "" }
        return String(decoding: data, as: UTF8.self)
    }

    func write(_ text: String, to name: String) throws {
        try Data(text.utf8).write(to: URL(filePath: "\(path)/\(name)"))
    }

    /// The names in a directory below this one, sorted; none while it does not exist.
    func names(in subdirectory: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: "\(path)/\(subdirectory)")) ?? [])
            .sorted()
    }
}
