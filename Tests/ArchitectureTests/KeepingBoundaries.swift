import Testing

@Suite struct `Keeping boundaries` {
    @Test func `holds for every import of the package`() throws {
        let trespasses = Boundaries.trespasses(in: try SourceTree.package.get())
        #expect(trespasses.isEmpty, "\(trespasses.joined(separator: "\n"))")
    }

    @Test func `finds the modules of the package on disk`() throws {
        let tree = try SourceTree.package.get()
        #expect(tree.modules.isSuperset(of: ["Order", "User"]))
        #expect(tree.modules.isDisjoint(with: ["Kernel", "Transports", "Gateway"]))
        #expect(tree.files.contains { $0.path.hasPrefix("Modules/Kernel/Events/") })
        #expect(tree.files.contains { $0.path == "Package.swift" })
    }

    /// A package with a module `Order` and a module `User`, and one more file.
    private func trespasses(_ path: String, _ text: String) throws -> [String] {
        let tree = [
            "Modules/Order/A.swift": "import Events\nimport UserContract\nimport OrderContract",
            "Modules/Order/Contract/A.swift": "public import Events\npublic import Foundation",
            "Modules/User/A.swift": "import Storage\nimport Hummingbird",
            "Modules/Transports/Kafka/A.swift": "import EventBus",
            "Modules/Kernel/Storage/A.swift": "import Events\nimport GRDB",
            "Tests/AppTests/A.swift": "@testable import flotilla",
            "App/A.swift": "import Order\nimport User\nimport Kafka",
            "Tests/OrderTests/A.swift": "@testable import Order\nimport FlotillaTesting",
        ]
        return try withPlantedTree(tree.merging([path: text]) { $1 }, Boundaries.trespasses)
    }

    @Test func `finds nothing in a package that keeps them`() throws {
        #expect(try trespasses("Modules/User/B.swift", "import OrderContract") == [])
    }

    @Test(arguments: [
        ("Modules/Order/B.swift", "import User", "Order imports User"),
        ("Modules/Order/B.swift", "@testable public import struct User.Name", "imports User"),
        ("Modules/Order/HTTP/Deep/B.swift", "import Events; import User", "imports User"),
        ("Modules/Order/B.swift", "import Kafka", "does not know the transport"),
        (
            "Modules/Order/B.swift", "import flotilla",
            "nobody but its own tests"
        ),
        ("Modules/Order/B.swift", "import FlotillaTesting", "only tests import"),
        ("Modules/Order/Contract/B.swift", "import UserContract", "a contract imports Events"),
        ("Modules/Order/Contract/B.swift", "import Storage", "a contract imports Events"),
        ("Modules/Order/Contract/B.swift", "import Order", "a contract imports Events"),
        ("Modules/Kernel/Storage/B.swift", "import Order", "the kernel knows no module"),
        ("Modules/Kernel/Storage/B.swift", "import OrderContract", "the kernel knows no module"),
        ("Modules/Kernel/Storage/B.swift", "import Kafka", "the kernel imports no transport"),
        ("Modules/Transports/Kafka/B.swift", "import User", "knows no module"),
        ("App/B.swift", "import flotilla", "nobody but its own tests"),
        ("Tests/OrderTests/B.swift", "@testable import flotilla", "nobody but"),
    ])
    func `reports a forbidden import that was planted`(
        path: String, text: String, complaint: String
    ) throws {
        let found = try trespasses(path, text)
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix("\(path):1: ") == true)
        #expect(found.first?.contains(complaint) == true, "\(found)")
    }
}
