import Testing

@Suite struct `Describing the package` {
    @Test func `names every folder of modules or tests in the manifest`() throws {
        let differences = try Manifest.differences(in: try SourceTree.package.get())
        #expect(differences.isEmpty, "\(differences.joined(separator: "\n"))")
    }

    @Test func `gives every module a README with its invariants`() throws {
        let modules = Manifest.modulesWithoutInvariants(in: try SourceTree.package.get())
        #expect(modules.isEmpty, "no \"## Invariants\" in the README of \(modules)")
    }

    @Test func `reads targets out of a manifest`() {
        let manifest = Manifest(
            text: """
                module("User") + module(
                    "Order", hears: ["User"], libraries: [.product(name: "A", package: "B")])
                func module(_ name: String) { .testTarget(name: "\\(name)Tests") }
                part("Events") + part("Web", ["Events", .nio]) + part(
                    "Platform", [], tested: false)
                .testTarget(name: "ArchitectureTests", path: "x")
                """)
        #expect(manifest.modules == ["User", "Order"])
        #expect(
            manifest.testTargets == [
                "UserTests", "OrderTests", "EventsTests", "WebTests", "ArchitectureTests",
            ])
    }

    @Test func `reports folders and targets that do not match`() throws {
        let tree = [
            "Package.swift": "module(\"Order\") + module(\"Ghost\") + part(\"Web\")",
            "Modules/Order/A.swift": "", "Modules/User/A.swift": "",
            "Tests/OrderTests/A.swift": "", "Tests/LostTests/A.swift": "",
        ]
        #expect(
            try withPlantedTree(tree, Manifest.differences) == [
                "the test target GhostTests has no folder",
                "the test target WebTests has no folder",
                "the folder LostTests is no test target of Package.swift",
                "the module Ghost has no folder",
                "the folder User is no module of Package.swift",
            ])
    }

    @Test func `reports a module without invariants`() throws {
        let tree = [
            "Modules/Order/README.md": "# Order\n\n## Invariants\n",
            "Modules/User/README.md": "# User\n\nNo ## Invariants\n",
            "Modules/Audit/A.swift": "",
        ]
        #expect(
            try withPlantedTree(tree, Manifest.modulesWithoutInvariants) == ["Audit", "User"])
    }
}
