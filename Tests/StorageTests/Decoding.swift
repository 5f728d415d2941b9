import Events
import FlotillaTesting
import Foundation
import Storage
import Testing

@Suite struct `Storing values` {
    private enum Colour: String, SQLConvertible { case red }

    @Test(arguments: StorageEngine.allCases)
    func `gives every type back as it was`(on engine: StorageEngine) async throws {
        let bench = try await Bench(
            [
                Migration(1, "create kinds") { dialect in
                    """
                    CREATE TABLE kinds (
                        id \(dialect.uuid), at \(dialect.timestamp), big \(dialect.bigint),
                        flag \(dialect.boolean), bytes \(dialect.bytes), json \(dialect.json),
                        real REAL, colour TEXT, missing TEXT
                    ) \(dialect.strict)
                    """
                }
            ], on: engine)
        let id = UserID()
        let at = Date(timeIntervalSince1970: 1_767_268_800.123456)
        let bytes = Data([0, 255, 39])
        let json = JSON(Data(#"{"b":1, "a":"ü"}"#.utf8))
        let row = try await bench.database.write { transaction in
            try transaction.execute(
                """
                INSERT INTO kinds VALUES (\(id), \(at), \(Int64.max), \(true), \(bytes), \(json),
                                          \(0.5), \(Colour.red), \(String?.none))
                """)
            return try transaction.first("SELECT * FROM kinds")
        }
        let found = try #require(row)
        #expect(try found.get("id", as: UserID.self) == id)
        #expect(abs(try found.get("at", as: Date.self).timeIntervalSince(at)) < 0.000_001)
        #expect(try found.get("big", as: Int64.self) == .max)
        #expect(try found.get("flag", as: Bool.self))
        #expect(try found.get("bytes", as: Data.self) == bytes)
        #expect(try found.get("json", as: JSON.self) == json)
        #expect(try found.get("real", as: Double.self) == 0.5)
        #expect(try found.get("colour", as: Colour.self) == .red)
        #expect(try found.get("missing", as: String?.self) == nil)
    }

    @Test(arguments: StorageEngine.allCases)
    func `keeps the text NUL and quotes are part of`(on engine: StorageEngine) async throws {
        let bench = try await Bench(on: engine)
        try await bench.insert("it's \"quoted\" – ü 🚢")
        #expect(try await bench.names() == ["it's \"quoted\" – ü 🚢"])
    }

    @Test(arguments: StorageEngine.allCases)
    func `refuses text with a NUL in it, and keeps nothing`(on engine: StorageEngine) async throws {
        let bench = try await Bench(on: engine)
        for text in ["\0", "a\0b", "a\0"] {
            let refusal = await #expect(throws: StorageError.self) { try await bench.insert(text) }
            #expect(refusal?.kind == .constraintViolation)
        }
        #expect(try await bench.names().isEmpty)
    }

    @Test(arguments: StorageEngine.allCases)
    func `tells empty from missing`(on engine: StorageEngine) async throws {
        let bench = try await Bench(on: engine)
        let row = try await bench.database.write { transaction in
            let bytes = transaction.dialect.bytes
            try transaction.run(
                script: "CREATE TABLE blanks (text TEXT, bytes \(bytes), missing \(bytes))")
            try transaction.execute(
                "INSERT INTO blanks VALUES (\(""), \(Data()), \(Data?.none))")
            return try transaction.first("SELECT * FROM blanks")
        }
        let found = try #require(row)
        #expect(try found.get("text", as: String?.self) == "")
        #expect(try found.get("bytes", as: Data?.self) == Data())
        #expect(try found.get("missing", as: Data?.self) == nil)
    }

    @Test(arguments: StorageEngine.allCases)
    func `names the column that does not fit`(on engine: StorageEngine) async throws {
        let bench = try await Bench(on: engine)
        try await bench.insert("text")
        let row = try #require(
            try await bench.database.read { try $0.first("SELECT name FROM items") })
        let mismatch = #expect(throws: StorageError.self) { try row.get("name", as: Int.self) }
        #expect(mismatch?.kind == .mismatch)
        #expect(mismatch?.detail.contains("name") == true)
        let missing = #expect(throws: StorageError.self) { try row.get("nope", as: Int.self) }
        #expect(missing?.detail.contains("nope") == true)
    }

    @Test(arguments: [
        ("sqlite:./data", StorageURL.sqlite(directory: "./data")),
        ("sqlite:/var/lib/x", .sqlite(directory: "/var/lib/x")),
        ("sqlite:", nil), ("sqlite://host/x", nil), ("mysql://x", nil), ("", nil),
    ])
    func `reads where databases live`(text: String, url: StorageURL?) {
        #expect(StorageURL(text) == url)
    }
}
