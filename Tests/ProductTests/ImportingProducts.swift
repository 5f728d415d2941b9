import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import ProductContract
import Storage
import Synchronization
import Testing
import Web

@testable import Product

@Suite(.serialized) struct `Importing products` {
    private static let header = "sku,product,kind,name,price,currency"

    /// What an import told.
    private struct Told {
        let progress: ImportProgress
        let faults: [ImportFault]
    }

    private func bring(
        _ text: String, into harness: ModuleHarness<ProductModule>, isDryRun: Bool = false
    ) async throws -> Told {
        let file = FileManager.default.temporaryDirectory
            .appending(path: "import-\(UUID().uuidString).csv")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(text.utf8).write(to: file)
        let faults = Mutex<[ImportFault]>([])
        let progress = try await harness.module.importProducts(
            from: file.path, isDryRun: isDryRun
        ) { news in
            if case .fault(let fault) = news { faults.withLock { $0.append(fault) } }
        }
        return Told(progress: progress, faults: faults.withLock { $0 })
    }

    @Test func `makes products of lines, and variants of those of one product`() async throws {
        let harness = try await ModuleHarness(ProductModule.self)
        let told = try await bring(
            """
            \u{FEFF}sku,product,kind,name,description,price,currency,on_hand,room_class,attribute.stars
            A-1,alps,package,Alps,"A ""long""
            walk",1999,EUR,5,Double,4
            B-1,beach,activity,Beach,,500,USD,0,,
            A-2,alps,,,,2999,EUR,3,Single,

            """.replacing("\n", with: "\r\n"), into: harness)
        #expect(told.faults == [])
        #expect(told.progress.createdCount == 2)
        #expect(told.progress.lineCount == 3)
        let list = try await harness.send(.get, "/api/v1/products?attribute.stars=4")
        let alps = try #require(
            try list.reading(CataloguePage<ProductSeen>.self).items.first)
        #expect(alps.description == "A \"long\"\nwalk")
        #expect(alps.variants.map(\.sku) == ["A-1", "A-2"])
        #expect(alps.variants.map(\.name) == ["Double", "Single"])
        #expect(alps.variants.map(\.onHand) == [5, 3])
        #expect(try await harness.published(ProductCreated.self).count == 2)
    }

    @Test func `changes what is different when it comes again, and tells nothing else`()
        async throws
    {
        let harness = try await ModuleHarness(ProductModule.self)
        let lines = ["A-1,alps,package,Alps,1999,EUR", "B-1,beach,activity,Beach,500,USD"]
        let text = ([Self.header] + lines).joined(separator: "\n")
        _ = try await bring(text, into: harness)
        let again = try await bring(text, into: harness)
        #expect(again.progress.unchangedCount == 2)
        #expect(try await harness.published(ProductUpdated.self).isEmpty)
        let third = try await bring(
            text.replacing("1999", with: "2999").replacing("Beach", with: "Shore")
                + "\nA-2,alps,,,7,EUR",
            into: harness)
        #expect(third.faults == [])
        #expect(third.progress.updatedCount == 2)
        #expect(Set(try await harness.names("")) == ["Alps", "Shore"])
        let prices = try await harness.published(ProductPriceChanged.self)
        #expect(prices.map(\.newPrice?.amount) == [2_999, 7])
        #expect(try await harness.published(ProductCreated.self).count == 2)
    }

    @Test(
        arguments: [
            (",alps,package,Alps,1,EUR", "sku"), ("A B,alps,package,Alps,1,EUR", "sku"),
            ("A,,package,Alps,1,EUR", "product"), ("A,alps,boat,Alps,1,EUR", "kind"),
            ("A,alps,,Alps,1,EUR", "kind"), ("A,alps,package,,1,EUR", "name"),
            ("A,alps,package,Alps,,EUR", "price"), ("A,alps,package,Alps,0,EUR", "price"),
            ("A,alps,package,Alps,19.99,EUR", "price"), ("A,alps,package,Alps,-1,EUR", "price"),
            ("A,alps,package,Alps,9007199254740992,EUR", "price"),
            ("A,alps,package,Alps,1,euro", "currency"), ("A,alps,package,Alps,1,ABC", "currency"),
            ("A,alps,package,Alps,1", nil), ("A,alps,package,Alps,1,EUR,x", nil),
            ("A,alps,package,Al\"ps,1,EUR", nil), ("A,alps,package,\"Alps\"x,1,EUR", nil),
            ("A,alps,package,\"Al\nps\",1,EUR", "name"), ("GOOD,alps,package,Alps,1,EUR", "sku"),
            ("A,good,package,Other,1,EUR", "name"), ("TAKEN,alps,package,Alps,1,EUR", "sku"),
        ] as [(String, String?)])
    func `passes over a bad line with its place and reason, and imports the others`(
        line: String, column: String?
    ) async throws {
        let harness = try await ModuleHarness(ProductModule.self)
        _ = try await bring(
            "\(Self.header)\nTAKEN,other,package,Theirs,1,EUR", into: harness)
        let told = try await bring(
            "\(Self.header)\nGOOD,good,package,Good,1,EUR\n\(line)\nLAST,last,package,Last,1,EUR",
            into: harness)
        #expect(told.faults.map(\.line) == [3])
        #expect(told.faults.map(\.column) == [column])
        #expect(told.progress.badLineCount == 1)
        #expect(Set(try await harness.names("")) == ["Theirs", "Good", "Last"])
    }

    @Test func `refuses categories, times and pieces that are none`() async throws {
        let harness = try await ModuleHarness(ProductModule.self)
        let told = try await bring(
            """
            \(Self.header),category,starts_at,ends_at,on_hand,status
            A,a,package,A,1,EUR,nope,,,,
            B,b,package,B,1,EUR,,tomorrow,,,
            C,c,package,C,1,EUR,,2026-07-02T00:00:00Z,2026-07-01T00:00:00Z,,
            D,d,package,D,1,EUR,,,,1e3,
            E,e,package,E,1,EUR,,,,,gone
            F,f,package,F,1,EUR,,,,7,draft
            """, into: harness)
        #expect(
            told.faults.map(\.column) == ["category", "starts_at", "ends_at", "on_hand", "status"])
        #expect(told.faults.map(\.line) == [2, 3, 4, 5, 6])
        #expect(told.progress.createdCount == 1)
    }

    @Test(arguments: [
        "", "sku,product\n", "\(header),colour\n", "\(header),sku\n", "\"sku\n",
        "sku;product;kind;name;price;currency\n",
    ])
    func `refuses a file whose columns are not known`(text: String) async throws {
        let harness = try await ModuleHarness(ProductModule.self)
        await #expect(throws: ImportRefusal.self) { try await bring(text, into: harness) }
        await #expect(throws: ImportRefusal.unreadable("/nowhere/x can't be read")) {
            try await harness.module.importProducts(from: "/nowhere/x") { _ in }
        }
    }

    @Test func `changes nothing when it is to tell only`() async throws {
        let harness = try await ModuleHarness(ProductModule.self)
        let told = try await bring(
            "\(Self.header)\nA,alps,package,Alps,1,EUR", into: harness, isDryRun: true)
        #expect(told.progress.createdCount == 1)
        #expect(try await harness.names("").isEmpty)
        #expect(try await harness.published(ProductCreated.self).isEmpty)
    }

    @Test func `joins a product's lines over batches, and bears a product that went`()
        async throws
    {
        let harness = try await ModuleHarness(ProductModule.self)
        let lines = (1...1_200).map {
            $0.isMultiple(of: 400) ? "L-\($0),long,,,5,EUR" : "S-\($0),p\($0),activity,P,5,EUR"
        }
        let text =
            "\(Self.header)\nL-0,long,package,Long,5,EUR\n" + lines.joined(separator: "\n")
        let told = try await bring(text, into: harness)
        #expect(told.faults == [])
        #expect(told.progress.createdCount == 1_198)
        let answer = try await harness.send(.get, "/api/v1/products?kind=package")
        let long = try #require(
            try answer.reading(CataloguePage<ProductSeen>.self).items.first)
        #expect(long.variants.map(\.sku) == ["L-0", "L-400", "L-800", "L-1200"])
        let again = try await bring(text, into: harness)
        #expect(again.progress.createdCount + again.progress.updatedCount == 0)
        _ = try await harness.send(
            .delete, "/api/v1/products/\(long.id)", as: cataloguer, headers: [.ifMatch: "*"])
        let third = try await bring(
            "\(Self.header)\nL-0,long,package,Long,5,EUR\nN,new,package,New,5,EUR", into: harness)
        #expect(third.faults.map(\.column) == ["product"])
        #expect(third.progress.createdCount == 1)
    }
}
