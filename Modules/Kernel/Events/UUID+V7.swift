public import Foundation
import Synchronization

extension UUID {
    /// A UUIDv7 (RFC 9562, section 5.7): 48 bits of Unix milliseconds, then a counter, then chance.
    ///
    /// Within a process each is greater than the one before (section 6.2, method 1: 12 bits of
    /// `rand_a` count up inside one millisecond and borrow from the clock when they overflow).
    public static func v7(now: Date = Date()) -> UUID {
        let milliseconds = UInt64(max(0, now.timeIntervalSince1970 * 1_000))
        let tick = lastTick.withLock { last in
            // 48 bits of time and 12 bits of counter, compared and advanced as one number.
            last = max(last + 1, milliseconds << 12)
            return last
        }
        var generator = SystemRandomNumberGenerator()
        let chance = generator.next()
        let high = (tick >> 12) << 16 | 0x7000 | (tick & 0x0FFF)
        let low = 0x8000_0000_0000_0000 | (chance >> 2)
        return UUID(high: high, low: low)
    }

    private init(high: UInt64, low: UInt64) {
        func byte(_ word: UInt64, _ index: Int) -> UInt8 {
            UInt8(truncatingIfNeeded: word >> UInt64(56 - 8 * index))
        }
        self.init(
            uuid: (
                byte(high, 0), byte(high, 1), byte(high, 2), byte(high, 3),
                byte(high, 4), byte(high, 5), byte(high, 6), byte(high, 7),
                byte(low, 0), byte(low, 1), byte(low, 2), byte(low, 3),
                byte(low, 4), byte(low, 5), byte(low, 6), byte(low, 7)
            ))
    }
}

private let lastTick = Mutex<UInt64>(0)
