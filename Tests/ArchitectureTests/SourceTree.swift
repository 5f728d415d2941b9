import Foundation

/// A Swift file, as the checks see it.
struct SourceFile {
    /// Relative to the package, with slashes: `Modules/Order/OrderModule.swift`.
    let path: String
    let text: String
    /// The text without comments and strings; lines match those of `text`.
    let code: String

    init(path: String, text: String) {
        self.path = path
        self.text = text
        code = SwiftCode.code(of: text)
    }

    var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }
    var codeLines: [Substring] { code.split(separator: "\n", omittingEmptySubsequences: false) }
    var imports: [Import] { Import.all(in: code) }

    /// Whether the file lies in a folder.
    func isBelow(_ folder: String) -> Bool { path.hasPrefix(folder + "/") }

    /// Whether it exists to test others; such code may stop at once when it is wrong.
    var isTest: Bool {
        isBelow("Tests") || isBelow("IntegrationTests") || isBelow("Modules/Kernel/Testing")
    }

    /// The feature module it belongs to.
    var module: String? {
        let parts = path.split(separator: "/")
        guard parts.count > 2, parts[0] == "Modules" else { return nil }
        return SourceTree.notModules.contains(String(parts[1])) ? nil : String(parts[1])
    }

    /// Whether it belongs to the contract of its module.
    var isContract: Bool { module.map { isBelow("Modules/\($0)/Contract") } ?? false }
}

/// The package on disk. What modules there are is read, never listed.
struct SourceTree {
    /// The folders in `Modules` that hold no feature module.
    static let notModules: Set<String> = ["Kernel", "Transports", "Gateway"]

    let root: URL
    /// Every Swift file of the package, the manifest included.
    let files: [SourceFile]
    let modules: Set<String>
    /// Adapters of the bus; only the application sees them.
    let transports: Set<String>

    /// The package that these tests belong to.
    static let package = Result {
        try SourceTree(root: URL(filePath: #filePath).appending(path: "../../..").standardized)
    }

    init(root: URL) throws {
        self.root = root
        let folders = try Self.folders(in: root.appending(path: "Modules"))
        modules = folders.subtracting(Self.notModules)
        transports = try Self.folders(in: root.appending(path: "Modules/Transports"))
        files = try ["Modules", "App", "Tests", "IntegrationTests", "Package.swift"]
            .flatMap { try Self.swiftFiles(at: $0, in: root) }
    }

    /// The names of the folders in a folder; none when it is missing.
    static func folders(in folder: URL) throws -> Set<String> {
        guard FileManager.default.fileExists(atPath: folder.path) else { return [] }
        let entries = try FileManager.default.contentsOfDirectory(
            at: folder, includingPropertiesForKeys: nil)
        return Set(entries.filter(\.isFolder).map(\.lastPathComponent))
    }

    private static func swiftFiles(at path: String, in root: URL) throws -> [SourceFile] {
        let url = root.appending(path: path)
        guard FileManager.default.fileExists(atPath: url.path) else { return [] }
        guard url.isFolder else {
            return [SourceFile(path: path, text: try String(contentsOf: url, encoding: .utf8))]
        }
        return try FileManager.default.subpathsOfDirectory(atPath: url.path).sorted()
            .filter { $0.hasSuffix(".swift") }
            .map { name in
                let text = try String(contentsOf: url.appending(path: name), encoding: .utf8)
                return SourceFile(path: "\(path)/\(name)", text: text)
            }
    }
}

extension URL {
    fileprivate var isFolder: Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
            && isFolder.boolValue
    }
}
