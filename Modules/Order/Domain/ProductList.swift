import Events
import Foundation

/// The few products that can be ordered until there is a catalogue, from the configuration.
struct ProductList: Sendable, Hashable {
    let products: [Product]

    /// A list that is already known.
    init(products: [Product]) { self.products = products }

    subscript(id: VariantID) -> Product? { products.first { $0.id == id } }

    /// Three products to try the system with.
    static let standardText = [
        "01970000-0000-7000-8000-000000000001=1999 EUR",
        "01970000-0000-7000-8000-000000000002=4950 EUR",
        "01970000-0000-7000-8000-000000000003=12900 EUR",
    ].joined(separator: ",")

    /// Reads `ID=AMOUNT CURRENCY`, separated by commas; amounts are minor units.
    init?(_ text: String) {
        var products: [Product] = []
        for entry in text.split(separator: ",") {
            let sides = entry.split(separator: "=")
            guard sides.count == 2,
                let id = VariantID(sides[0].trimmingCharacters(in: .whitespaces))
            else { return nil }
            let price = sides[1].split(separator: " ")
            guard price.count == 2, let amount = Int64(price[0]), amount > 0,
                let currency = Currency(rawValue: String(price[1])),
                !products.contains(where: { $0.id == id })
            else { return nil }
            products.append(Product(id: id, price: Money(amount: amount, currency: currency)))
        }
        guard !products.isEmpty else { return nil }
        self.products = products
    }
}
