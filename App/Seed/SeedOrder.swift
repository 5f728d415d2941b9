/// An order of the demo shop, and what is to become of it.
struct SeedOrder: Sendable {
    /// Whose, as a place in ``SeedPerson/all``.
    let customer: Int
    let sku: String
    let quantity: Int
    let goal: Goal
    /// Whether a quote is asked for first.
    let isQuoted: Bool
    /// `nil` for euro.
    let currency: String?

    /// Where an order stands in the end.
    enum Goal: Sendable, CaseIterable {
        case confirmed
        /// Its voucher was issued.
        case vouchered
        /// Its customer came.
        case used
        case noShow
        /// Its first payment was declined.
        case declined
        /// All of its payments were declined.
        case exhausted
        /// Nobody knows yet what became of its payment.
        case unknown
        /// There were not enough.
        case soldOut
        case expired
        /// Called off when its payment had been declined.
        case calledOff
        /// Cancelled after it was paid: what it costs depends on its date.
        case cancelled
        case partlyRefunded
        case refunded
    }

    /// In the order in which they are placed.
    static let plan: [SeedOrder] = {
        let codes = SeedPlace.all.map(\.code)
        var orders: [SeedOrder] = []
        func add(
            _ goal: Goal, _ skus: [String], quantity: Int? = nil, quoted: Int = 0,
            currency: String? = nil
        ) {
            for (index, sku) in skus.enumerated() {
                orders.append(
                    SeedOrder(
                        // Some people order twice; nobody orders the same thing twice.
                        customer: orders.count % 36, sku: sku,
                        quantity: quantity ?? SeedCatalogue.productsBySKU[sku]?.party ?? 1,
                        goal: goal, isQuoted: index < quoted, currency: currency))
            }
        }
        add(.confirmed, codes.prefix(18).map { "PKG-\($0)-W-B" }, quoted: 5)
        add(.confirmed, ["PKG-ZER-W-B"], currency: "CHF")
        add(.confirmed, ["ACT-KYO-1-B"], currency: "JPY")
        add(.vouchered, codes.prefix(6).map { "PKG-\($0)-7-A" })
        add(.used, codes.prefix(8).map { "DST-\($0)-STD" })
        add(.noShow, codes.prefix(2).map { "DST-\($0)-SUP" })
        add(.declined, ["ACT-LIS-2-C", "ACT-OPO-2-C", "ACT-SVQ-2-C"], quantity: 1)
        add(.exhausted, ["ACT-BCN-2-C"], quantity: 1)
        add(.unknown, ["ACT-ATH-2-C", "ACT-VIE-2-C", "ACT-PRG-2-C"], quantity: 1)
        add(.soldOut, ["PKG-EDI-W-C", "PKG-KYO-W-C", "PKG-YUL-W-C"])
        add(.calledOff, ["ACT-ROM-2-C", "ACT-NAP-2-C"], quantity: 1)
        add(.cancelled, ["PKG-PMI-W-C", "PKG-SAR-W-C", "PKG-ALG-W-A", "PKG-AZO-W-A"])
        add(.cancelled, ["PKG-MAD-W-A"])
        add(.partlyRefunded, ["PKG-CRE-7-B", "PKG-DBV-7-B"])
        add(.refunded, ["PKG-BRE-7-B", "PKG-COR-7-B"])
        add(.expired, ["ACT-BUD-2-C", "ACT-BER-2-C", "ACT-CPH-2-C"], quantity: 1)
        return orders
    }()
}

/// An order as it is seen.
struct SeenOrder: Sendable, Hashable {
    var id = ""
    var kind = "standard"
    var state: String
    var paymentStatus: String
    var attempt = 1
    /// What it is of, when it is of one thing.
    var variant: String?
    var quantity = 0
    /// Minor units.
    var total: Int64 = 0
    var currency = "EUR"

    /// Whether the system itself has something to do with it at the moment.
    var isBusy: Bool {
        switch state {
        case "pending", "awaiting_stock", "reserved": true
        case "awaiting_payment": ["none", "pending", "paid"].contains(paymentStatus)
        default: paymentStatus == "refund_pending"
        }
    }
}

extension SeedOrder.Goal {
    /// What is to be done with an order, seen where it stands.
    enum Step: Sendable, Hashable {
        case nothing, wait
        case issueVoucher, markUsed, markNoShow
        case payAgain, cancel
        case refundQuarter, refundAll
    }

    /// The next step. What went another way than planned, as somebody else may have it go, is left
    /// there.
    func step(for order: SeenOrder) -> Step {
        guard !order.isBusy else { return .wait }
        let isPaid = order.paymentStatus == "paid"
        switch (order.state, self) {
        case ("confirmed", .vouchered), ("confirmed", .used), ("confirmed", .noShow):
            return .issueVoucher
        case ("in_fulfilment", .used): return .markUsed
        case ("in_fulfilment", .noShow): return .markNoShow
        case ("confirmed", .cancelled), ("payment_failed", .calledOff): return .cancel
        case ("confirmed", .partlyRefunded) where isPaid: return .refundQuarter
        case ("confirmed", .refunded) where isPaid: return .refundAll
        case ("payment_failed", .exhausted) where order.attempt < 3: return .payAgain
        case ("awaiting_payment", .expired): return .wait
        default: return .nothing
        }
    }
}
