import Foundation

/// Runs a closure on a small package in a temporary folder, which is gone afterwards.
///
/// - Parameter files: texts by path.
func withPlantedTree<Result>(
    _ files: [String: String], _ body: (SourceTree) throws -> Result
) throws -> Result {
    let root = FileManager.default.temporaryDirectory
        .appending(path: "planted-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: root) }
    for (path, text) in files {
        let url = root.appending(path: path)
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try text.write(to: url, atomically: true, encoding: .utf8)
    }
    return try body(SourceTree(root: root))
}
