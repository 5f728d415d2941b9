/// A booking whose payment succeeds.
enum Booking {
    /// Has the simulated provider decline nothing.
    static let solvent = ["FLOTILLA_PAYMENT_SIMULATED_SUCCESS_PERCENTAGE": "100"]

    /// What is said of an order of one variant, from its placement to its confirmation.
    static let types = [
        "OrderCreatedEventV1", "StockHeldEventV1", "OrderPaymentRequestedEventV1",
        "PaymentCompletedEventV1", "OrderPaidEventV1", "ProductStockChangedEventV1",
        "StockAllocatedEventV1", "OrderConfirmedEventV1",
    ]
}
