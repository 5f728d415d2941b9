import Events
import Foundation
import Logging
import ServiceLifecycle
import Storage
import Web

/// The few products that the shop opens with, so that there is something to order at once.
struct Starters: Sendable, Hashable {
    let list: [Starter]

    /// One of them: what orders call it by, and its price.
    struct Starter: Sendable, Hashable {
        let id: VariantID
        let price: Money
    }

    /// Three, to try the system with.
    static let standardText = [
        "01970000-0000-7000-8000-000000000001=1999 EUR",
        "01970000-0000-7000-8000-000000000002=4950 EUR",
        "01970000-0000-7000-8000-000000000003=12900 EUR",
    ].joined(separator: ",")

    static let standard = Starters(standardText) ?? Starters(list: [])

    /// So many pieces of each.
    static let onHand = 1_000_000

    /// Those that are known already.
    init(list: [Starter]) { self.list = list }

    /// Reads `ID=AMOUNT CURRENCY`, separated by commas; amounts are minor units. An empty text is
    /// an empty list.
    init?(_ text: String) {
        var list: [Starter] = []
        for entry in text.split(separator: ",") {
            let sides = entry.split(separator: "=")
            guard sides.count == 2,
                let id = VariantID(sides[0].trimmingCharacters(in: .whitespaces))
            else { return nil }
            let price = sides[1].split(separator: " ")
            guard price.count == 2, let amount = Int64(price[0]),
                (1...Int64(Fields.amountMax)).contains(amount),
                let currency = Currency(rawValue: String(price[1])), currency.isISO4217,
                !list.contains(where: { $0.id == id })
            else { return nil }
            list.append(Starter(id: id, price: Money(amount: amount, currency: currency)))
        }
        guard list.count <= 100 else { return nil }
        self.list = list
    }

    /// The products, by the order of the list: `STARTER-1` and so on.
    var drafts: [ProductDraft] {
        list.enumerated().map { index, starter in
            let name = "Starter package \(index + 1)"
            let facts = VariantFacts(
                sku: "STARTER-\(index + 1)", name: name, isActive: true, roomClass: nil,
                startsAt: nil, endsAt: nil, quantityMin: 1,
                quantityMax: VariantFacts.quantityMax, prices: [starter.price])
            return ProductDraft(
                facts: ProductFacts(
                    kind: .package, status: .active, name: name, description: "",
                    categories: [], attributes: [:], texts: [:]),
                variants: [VariantDraft(id: starter.id, facts: facts, onHand: Self.onHand)])
        }
    }
}

/// Makes the starter products once, whatever number of processes begins at the same time.
struct StarterService: Service {
    let catalogue: Catalogue
    let starters: Starters
    let logger: Logger

    /// The wait after a storage that is away for the first time; it doubles up to the other.
    private static let delay = Duration.milliseconds(500)
    private static let delayMax = Duration.seconds(30)

    /// Makes what is missing, then waits for the end of the process: a service that returns would
    /// end it.
    func run() async {
        await cancelWhenGracefulShutdown {
            await self.makeAll()
        }
        // Cancelled, when others took all the time that there is for a stop: that is an end, too.
        try? await gracefulShutdown()
    }

    /// Makes those that are not there. One whose SKU is taken was made before, and stays as
    /// whoever changed or deleted it since wants it.
    ///
    /// - Returns: how many were made.
    @discardableResult
    func step() async throws -> Int {
        var count = 0
        for draft in starters.drafts {
            do {
                _ = try await catalogue.database.write { try catalogue.create(draft, in: $0) }
                count += 1
            } catch CatalogueError.skuTaken {
                continue
            }
        }
        return count
    }

    private func makeAll() async {
        var delay = Self.delay
        while !Task.isCancelled {
            do {
                let count = try await step()
                if count > 0 { logger.notice("made starter products: \(count)") }
                return
            } catch let error as StorageError where error.isTransient {
                logger.info("starter products wait for the storage")
            } catch is CancellationError {
                return
            } catch {
                logger.error("starter products can't be made", error: error)
                return
            }
            do { try await ContinuousClock().sleep(for: delay) } catch { return }
            delay = min(delay * 2, Self.delayMax)
        }
    }
}
