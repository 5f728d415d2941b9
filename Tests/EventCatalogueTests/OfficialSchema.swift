import FlotillaTesting
import Foundation

/// The JSON schema that the AsyncAPI Initiative publishes, with the tool that checks by it.
///
/// Both are put in `.tools` by scripts/install-tools.sh.
enum OfficialSchema {
    static var isInstalled: Bool {
        FileManager.default.isExecutableFile(atPath: tool)
            && FileManager.default.fileExists(atPath: schema)
    }

    /// What check-jsonschema says of a document; `nil` when it is valid.
    ///
    /// - Parameter schema: another schema than that of AsyncAPI.
    static func complaints(about document: String, schema: Data? = nil) throws -> String? {
        let directory = try TemporaryDirectory()
        let file = directory.path + "/document.json"
        try Data(document.utf8).write(to: URL(filePath: file))
        var schemaFile = Self.schema
        if let schema {
            schemaFile = directory.path + "/schema.json"
            try schema.write(to: URL(filePath: schemaFile))
        }
        let outcome = try Command.run(tool, ["--schemafile", schemaFile, file])
        guard outcome.status != 0 else { return nil }
        return String(decoding: outcome.output + outcome.complaints, as: UTF8.self)
    }

    private static let tools = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: ".tools").path
    private static let tool = tools + "/venv/bin/check-jsonschema"
    private static let schema = tools + "/asyncapi-3.0.0.json"
}
