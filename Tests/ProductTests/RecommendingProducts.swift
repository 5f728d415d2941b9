import Events
import FlotillaTesting
import Foundation
import HTTPTypes
import OrderContract
import Product
import Storage
import Testing
import UserContract

@Suite(.serialized, .timeLimit(.minutes(3))) struct `Recommending products` {
    private let ada = TestCaller()
    private let bob = TestCaller()

    @Test func `shows the newest to whom nothing is known of`() async throws {
        let shop = try await ModuleHarness(ProductModule.self)
        let old = CatalogueFixture(name: "Old", createdAt: TestTime().now - 60)
        let new = CatalogueFixture(name: "New", euros: 500)
        let free = CatalogueFixture(name: "Free", euros: nil, createdAt: TestTime().now - 30)
        try await shop.insert(old, new, free)
        let found = try await shop.recommended(to: ada)
        #expect(found.map(\.product.name) == ["New", "Free", "Old"])
        #expect(found.map(\.score) == [0, 0, 0])
        #expect(found[0].reasons == [ReasonSeen(code: "new", detail: "recently added")])
        #expect(found[0].product.price?.text == "5.00 EUR")
        #expect(found[0].product.kind == "package")
        #expect(found[1].product.price == nil)
        #expect(
            try await shop.recommended(to: ada, "?limit=2").map(\.product.name) == ["New", "Free"])
        for query in ["?limit=0", "?limit=101", "?limit=x"] {
            let answer = try await shop.send(.get, "/api/v1/recommendations\(query)", as: ada)
            #expect(answer.status == .badRequest)
        }
        #expect(try await shop.send(.get, "/api/v1/recommendations").status == .unauthorized)
    }

    @Test func `matches what somebody likes, and says how`() async throws {
        let shop = try await ModuleHarness(ProductModule.self)
        let both = CatalogueFixture(
            name: "Dive and sail", categories: ["beach"], attributes: ["sport": "Diving"])
        let category = CatalogueFixture(name: "Sand", categories: ["city-break"])
        let name = CatalogueFixture(name: "Beach house")
        let none = CatalogueFixture(name: "Beaches of Rome", categories: ["city"])
        try await shop.insert(none, name, category, both)
        try await shop.say(
            ["interests": "Beach, city break", "diving": "true", "theme": "dark"], of: ada)
        let found = try await shop.recommended(to: ada)
        #expect(found.map(\.score) == [50, 30, 30, 10])
        #expect(found.map(\.product.id).first == both.id)
        #expect(Set(found[1...2].map(\.product.id)) == [category.id, none.id])
        #expect(
            found[0].reasons == [
                ReasonSeen(code: "preference_category", detail: "beach"),
                ReasonSeen(code: "preference_attribute", detail: "diving"),
            ])
        #expect(found[3].reasons == [ReasonSeen(code: "preference_name", detail: "beach")])
        #expect(found[3].score == 10)

        try await shop.say([:], of: ada)
        #expect(try await shop.recommended(to: ada).allSatisfy { $0.score == 0 })
        #expect(try await shop.recommended(to: bob).allSatisfy { $0.score == 0 })
    }

    @Test func `knows what is booked together, and by many`() async throws {
        let shop = try await ModuleHarness(ProductModule.self)
        let hotel = CatalogueFixture(name: "Hotel")
        let boat = CatalogueFixture(name: "Boat")
        let museum = CatalogueFixture(name: "Museum")
        try await shop.insert(hotel, boat, museum)
        for _ in 1...2 { try await shop.confirm([hotel, boat], of: TestCaller()) }
        for _ in 1...12 { try await shop.confirm([museum], of: TestCaller()) }
        try await shop.confirm([hotel], of: ada)

        let found = try await shop.recommended(to: ada)
        #expect(found.map(\.product.name) == ["Boat", "Museum"])
        #expect(found.map(\.score) == [22, 9])
        #expect(
            found[0].reasons == [
                ReasonSeen(code: "bought_together", detail: "Hotel"),
                ReasonSeen(code: "popular", detail: "2 bookings"),
            ])
        #expect(found[1].reasons == [ReasonSeen(code: "popular", detail: "12 bookings")])

        let others = try await shop.recommended(to: bob)
        #expect(others.map(\.product.name) == ["Museum", "Hotel", "Boat"])
        #expect(others.map(\.score) == [9, 3, 2])
    }

    @Test func `does not count what was given, and leaves it out all the same`() async throws {
        let shop = try await ModuleHarness(ProductModule.self)
        let gift = CatalogueFixture(name: "Gift")
        try await shop.insert(gift)
        try await shop.confirm([gift], of: ada, kind: "welcome")
        #expect(try await shop.recommended(to: ada).isEmpty)
        #expect(try await shop.recommended(to: bob).map(\.score) == [0])
    }

    @Test func `shows only what can be booked`() async throws {
        let shop = try await ModuleHarness(ProductModule.self)
        let hidden = [
            CatalogueFixture(status: "draft"), CatalogueFixture(status: "archived"),
            CatalogueFixture(status: "deleted"), CatalogueFixture(isVariantActive: false),
            CatalogueFixture(onHand: 0),
        ].map { fixture in
            var fixture = fixture
            fixture.categories = ["beach"]
            return fixture
        }
        let shown = CatalogueFixture(name: "Shown", onHand: 2)
        try await shop.insert(hidden + [shown])
        try await shop.say(["interests": "beach"], of: ada)
        try await shop.confirm(hidden, of: bob)
        try await shop.confirm(hidden + [shown], of: TestCaller())
        #expect(try await shop.recommended(to: ada).map(\.product.name) == ["Shown"])
        try await shop.database.write {
            try $0.execute("UPDATE stock_levels SET reserved = 1, allocated = 1 WHERE on_hand = 2")
        }
        #expect(try await shop.recommended(to: ada).isEmpty)
    }

    @Test func `leaves out a date that is over`() async throws {
        let shop = try await ModuleHarness(ProductModule.self)
        let trip = CatalogueFixture()
        try await shop.insert(trip)
        let start = shop.time.now + 60
        try await shop.database.write {
            try $0.execute("UPDATE variants SET starts_at = \(start)")
        }
        #expect(try await shop.recommended(to: ada).count == 1)
        shop.time.advance(by: .seconds(60))
        #expect(try await shop.recommended(to: ada).isEmpty)
    }

    @Test func `bears every event twice`() async throws {
        let shop = try await ModuleHarness(ProductModule.self)
        let hotel = CatalogueFixture(name: "Hotel")
        let boat = CatalogueFixture(name: "Boat", categories: ["beach"])
        try await shop.insert(hotel, boat)
        try await shop.confirm([hotel, boat], of: bob)
        try await shop.confirm([hotel], of: ada)
        try await shop.say(["interests": "beach"], of: ada)
        try await shop.say(["interests": "beach,boat"], of: ada)
        let before = try await shop.recommended(to: ada)
        #expect(before.map(\.score) == [51])
        try await shop.forgetHandled()
        try await shop.redeliverEverything()
        #expect(try await shop.recommended(to: ada) == before)
    }

    @Test func `forgets a user for ever, and keeps what names nobody`() async throws {
        let shop = try await ModuleHarness(ProductModule.self)
        let hotel = CatalogueFixture(name: "Hotel")
        let boat = CatalogueFixture(name: "Boat", categories: ["beach"])
        try await shop.insert(hotel, boat)
        try await shop.confirm([hotel, boat], of: ada)
        try await shop.say(["interests": "beach"], of: ada)
        #expect(try await shop.recommended(to: ada).isEmpty)
        try await shop.publish(UserDeleted(userID: ada.userID, deletedAt: shop.time.now))
        try await shop.settle()
        // What comes late does not bring anything back.
        try await shop.say(["interests": "beach"], of: ada)
        try await shop.confirm([hotel], of: ada)
        for _ in 1...2 {
            let rows = try await shop.database.read { transaction in
                try transaction.rows(
                    """
                    SELECT 1 AS one FROM tastes UNION ALL SELECT 1 FROM purchases
                    """
                ).count
            }
            #expect(rows == 0)
            let found = try await shop.recommended(to: bob)
            #expect(found.map(\.product.name) == ["Hotel", "Boat"])
            #expect(found.map(\.score) == [2, 1])
            try await shop.forgetHandled()
            try await shop.redeliverEverything()
        }
    }

    @Test func `answers the same for the same facts`() async throws {
        let shop = try await ModuleHarness(ProductModule.self)
        try await shop.insert((1...30).map { CatalogueFixture(name: "Beach \($0)") })
        try await shop.say(["interests": "beach"], of: ada)
        let first = try await shop.send(.get, "/api/v1/recommendations?limit=30", as: ada)
        let second = try await shop.send(.get, "/api/v1/recommendations?limit=30", as: ada)
        #expect(first.body == second.body)
        let ids = try await shop.recommended(to: ada, "?limit=30").map(\.product.id.description)
        #expect(ids == ids.sorted())
        #expect(Set(ids).count == 30)
    }
}

private struct ReasonSeen: Decodable, Equatable {
    let code: String
    let detail: String
}

private struct RecommendationSeen: Decodable, Equatable {
    struct Product: Decodable, Equatable {
        let id: ProductID
        let name: String
        let kind: String
        let price: Money?
    }

    let product: Product
    let score: Int
    let reasons: [ReasonSeen]
}

private struct RecommendationListSeen: Decodable {
    let items: [RecommendationSeen]
}

extension ModuleHarness where M == ProductModule {
    fileprivate func recommended(
        to caller: TestCaller, _ query: String = ""
    ) async throws -> [RecommendationSeen] {
        let answer = try await send(.get, "/api/v1/recommendations\(query)", as: caller)
        return try FlotillaJSON.decode(RecommendationListSeen.self, from: answer.body)
            .items
    }

    /// Has a user say what they like.
    fileprivate func say(_ preferences: [String: String], of caller: TestCaller) async throws {
        try await publish(
            UserProfileUpdated(
                userID: caller.userID, firstName: "Ada", lastName: "Lovelace", phone: nil,
                bio: nil, preferences: preferences, changedFields: ["preferences"]))
        try await settle()
    }

    /// Has an order of theirs become a booking, without one for the stock.
    fileprivate func confirm(
        _ products: [CatalogueFixture], of caller: TestCaller, kind: String = "standard"
    ) async throws {
        let euro = Currency(rawValue: "EUR")!
        try await publish(
            OrderConfirmed(
                orderID: OrderID(), number: "F-1", userID: caller.userID, kind: kind,
                items: products.map { OrderLine(productID: $0.variantID, quantity: 1) },
                total: Money(amount: 1, currency: euro), paymentID: PaymentID(),
                confirmedAt: time.now))
        try await settle()
    }
}
