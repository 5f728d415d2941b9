import Synchronization

/// A value that several tasks of a test read and change.
final class Shared<Value: Sendable>: Sendable {
    private let mutex: Mutex<Value>

    init(_ value: Value) { mutex = Mutex(value) }

    var value: Value { mutex.withLock { $0 } }

    func change<T: Sendable>(_ body: @Sendable (inout Value) -> T) -> T {
        mutex.withLock { body(&$0) }
    }
}

extension Shared<Int> {
    /// The next number; the first is the one that it was made with.
    var next: Int {
        change { number in
            defer { number += 1 }
            return number
        }
    }
}
