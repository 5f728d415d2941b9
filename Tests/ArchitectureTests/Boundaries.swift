/// Who may import whom.
enum Boundaries {
    /// The executable's target.
    static let application = "flotilla"
    /// What a contract may import: the shared language and what Swift brings.
    static let contractImports: Set<String> = ["Events", "Foundation", "FoundationEssentials"]
    /// What is for tests alone.
    static let testing = "FlotillaTesting"

    /// Every import that crosses a boundary, as `path:line: why`.
    static func trespasses(in tree: SourceTree) -> [String] {
        tree.files.flatMap { file in
            file.imports.compactMap { anImport in
                complaint(about: anImport.module, in: file, of: tree).map {
                    "\(file.path):\(anImport.line): \($0)"
                }
            }
        }
    }

    private static func complaint(
        about target: String, in file: SourceFile, of tree: SourceTree
    ) -> String? {
        if target == application {
            return file.isBelow("Tests/AppTests")
                ? nil : "nobody but its own tests imports the application"
        }
        if file.isBelow("App") || file.isTest { return nil }
        if target == testing { return "only tests import \(testing)" }
        let isModule = tree.modules.contains(target)
        let isContract = tree.modules.contains { target == "\($0)Contract" }
        let isTransport = tree.transports.contains {
            [$0, "\($0)Transport", "Transport\($0)"].contains(target)
        }
        if file.isContract {
            return contractImports.contains(target)
                ? nil : "a contract imports Events, and not \(target)"
        }
        if let module = file.module {
            if isModule, target != module {
                return "\(module) imports \(target); it may import \(target)Contract"
            }
            return isTransport ? "a module does not know the transport \(target)" : nil
        }
        if isModule || isContract { return "the kernel knows no module, and not \(target)" }
        if isTransport, file.isBelow("Modules/Kernel") { return "the kernel imports no transport" }
        return nil
    }
}
