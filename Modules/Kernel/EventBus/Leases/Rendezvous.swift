import Events

/// Who of several should hold a lease: the one with the highest hash of both names.
///
/// Everybody comes to the same answer without talking, leases spread evenly, and when one comes or
/// goes only its own leases move (D. G. Thaler and C. V. Ravishankar, "Using name-based mappings to
/// increase hit rates", IEEE/ACM Transactions on Networking 6(1), 1998).
struct Rendezvous: Sendable {
    /// Another process, and the leases that it would take.
    struct Rival: Sendable {
        let holder: String
        let leases: Set<String>
    }

    private let own: String
    private let isGuest: Bool
    private let rivals: [Rival]

    /// - Parameter isGuest: whether all others come first.
    init(of own: String, isGuest: Bool = false, with rivals: [Rival]) {
        self.own = own
        self.isGuest = isGuest
        self.rivals = rivals.filter { $0.holder != own }
    }

    /// Whether others are there.
    var hasCompany: Bool { !rivals.isEmpty }

    /// Whether nobody who is there and would take it comes before this process.
    func isFavourite(of lease: String) -> Bool {
        let weight = Self.weight(of: own, for: lease)
        return rivals.allSatisfy {
            !$0.leases.contains(lease)
                || (!isGuest && Self.weight(of: $0.holder, for: lease) < weight)
        }
    }

    /// FNV-1a, its bits mixed as by splitmix64, because names differ in few characters.
    private static func weight(of holder: String, for lease: String) -> UInt64 {
        var names = FNV1a()
        names.mix("\(holder)/\(lease)".utf8)
        var hash = names.value
        hash = (hash ^ (hash >> 30)) &* 0xBF58_476D_1CE4_E5B9
        hash = (hash ^ (hash >> 27)) &* 0x94D0_49BB_1331_11EB
        return hash ^ (hash >> 31)
    }
}
