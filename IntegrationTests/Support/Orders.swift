/// Bodies of orders.
enum Orders {
    /// The three products of the standard configuration.
    static let products = (1...3).map { "01970000-0000-7000-8000-00000000000\($0)" }

    static func item(_ product: Int = 0, quantity: Int = 1) -> JSON {
        [
            "productId": .string(products[product]),
            "quantity": .number(Double(quantity)),
        ]
    }

    static func body(_ product: Int = 0, quantity: Int = 1) -> JSON {
        ["items": [item(product, quantity: quantity)]]
    }
}
