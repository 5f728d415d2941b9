import Events
import Foundation
import Storage
import UserContract
import Web

// A client may order what it was told of a moment ago, before Order has heard of it.

extension Orders {
    /// Waits a little for what an order names and nobody here has heard of yet.
    ///
    /// What is still unknown then is refused when the order is placed.
    ///
    /// - Throws: ``Problem`` 503 while nothing is known of the catalogue at all.
    func awaitNews(of new: NewOrder, for user: UserID) async throws {
        let start = ContinuousClock.now
        while true {
            let news = try await database.read { try self.news(of: new, for: user, in: $0) }
            let waited = ContinuousClock.now - start
            switch news {
            case .complete, .missing:
                return
            case .young:
                if waited >= patience.young { return }
            case .noCatalogue:
                if waited >= patience.catalogue {
                    throw Problem.unavailable(
                        "the catalogue is not known here yet", retryAfterSeconds: 5)
                }
            }
            try await ContinuousClock().sleep(for: patience.interval)
        }
    }

    private enum News {
        case complete
        /// Something is unknown, and too old to be heard of yet.
        case missing
        case young
        case noCatalogue
    }

    private func news(
        of new: NewOrder, for user: UserID, in transaction: Transaction
    ) throws -> News {
        var missing: [UUID] = []
        switch new.content {
        case .items(let lines):
            let ids = lines.map(\.productID)
            let known = try catalogue.variants(ids, in: transaction)
            missing += ids.filter { known[$0] == nil }.map(\.uuid)
        case .quote(let id):
            if try catalogue.quote(id, in: transaction) == nil { missing.append(id.uuid) }
        }
        if !missing.isEmpty, try catalogue.isEmpty(in: transaction) { return .noCatalogue }
        if let address = new.addressID,
            try customers.snapshot(of: user, address: address, in: transaction) == nil
        {
            missing.append(address.uuid)
        }
        guard !missing.isEmpty else { return .complete }
        let now = localNow()
        return missing.contains { $0.isYoung(at: now) } ? .young : .missing
    }
}

extension UUID {
    /// Whether it is a UUIDv7 (RFC 9562, section 5.7) of the last ten seconds, give or take what
    /// clocks differ by.
    func isYoung(at now: Date) -> Bool {
        guard uuid.6 >> 4 == 7 else { return false }
        let milliseconds = [uuid.0, uuid.1, uuid.2, uuid.3, uuid.4, uuid.5]
            .reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return abs(now.timeIntervalSince1970 - Double(milliseconds) / 1_000) < 10
    }
}
