/// A suspended task that the scheduler resumes; `true` tells it that it was cancelled.
typealias Suspension = UnsafeContinuation<Bool, Never>

/// Who sleeps until when.
///
/// An array in order, latest first: the earliest leaves at its end, a cancelled one is found by
/// bisection, and nothing depends on the order of a hash table.
struct SleeperQueue {
    /// Names a sleeper. `number` makes it unique.
    struct Key: Comparable, Sendable {
        let deadline: Duration
        let number: Int

        static func < (left: Key, right: Key) -> Bool {
            left.deadline == right.deadline
                ? left.number < right.number : left.deadline < right.deadline
        }
    }

    private var sleepers: [(key: Key, suspension: Suspension)] = []

    var count: Int { sleepers.count }

    var earliest: Duration? { sleepers.last?.key.deadline }

    mutating func insert(_ suspension: Suspension, at key: Key) {
        sleepers.insert((key, suspension), at: place(of: key))
    }

    /// Removes a sleeper that is cancelled, unless it was woken before.
    mutating func remove(_ key: Key) -> Suspension? {
        let index = place(of: key)
        guard index < sleepers.count, sleepers[index].key == key else { return nil }
        return sleepers.remove(at: index).suspension
    }

    mutating func removeEarliest() -> Suspension? { sleepers.popLast()?.suspension }

    /// The first place whose key is not later than `key`.
    private func place(of key: Key) -> Int {
        var low = 0
        var high = sleepers.count
        while low < high {
            let middle = (low + high) / 2
            if sleepers[middle].key > key { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
