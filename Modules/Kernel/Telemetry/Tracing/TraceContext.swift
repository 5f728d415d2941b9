internal import Synchronization

/// A span's place in a trace, as it travels in a `traceparent` header.
///
/// See [W3C Trace Context](https://www.w3.org/TR/trace-context/).
public struct TraceContext: Sendable, Hashable {
    /// 32 lower-case hexadecimal digits, not all zero.
    public let traceID: String
    /// 16 lower-case hexadecimal digits, not all zero.
    public let spanID: String
    /// Whether the caller may have recorded this trace.
    public let isSampled: Bool

    /// Names a span.
    ///
    /// - Precondition: both ids are well formed; text from outside goes through
    ///   ``init(traceparent:)`` instead.
    public init(traceID: String, spanID: String, isSampled: Bool) {
        precondition(Self.isID(traceID.utf8, count: 32), "a trace id is 32 hexadecimal digits")
        precondition(Self.isID(spanID.utf8, count: 16), "a span id is 16 hexadecimal digits")
        self.traceID = traceID
        self.spanID = spanID
        self.isSampled = isSampled
    }

    /// Reads a header value strictly; `nil` when it must be ignored.
    ///
    /// Versions above `00` are read as far as `00` goes, as the recommendation asks; version
    /// `ff`, upper-case digits and all-zero ids are refused.
    public init?(traceparent: String) {
        let bytes = Array(traceparent.utf8)
        let dash = UInt8(ascii: "-")
        guard bytes.count >= 55, bytes[2] == dash, bytes[35] == dash, bytes[52] == dash,
            let version = Self.octet(bytes[0], bytes[1]), version != 0xff,
            let flags = Self.octet(bytes[53], bytes[54]),
            bytes.count == 55 || (version > 0 && bytes[55] == dash),
            Self.isID(bytes[3..<35], count: 32), Self.isID(bytes[36..<52], count: 16)
        else { return nil }
        traceID = String(decoding: bytes[3..<35], as: UTF8.self)
        spanID = String(decoding: bytes[36..<52], as: UTF8.self)
        isSampled = flags & 1 == 1
    }

    /// The header value, always in version `00`.
    public var traceparent: String {
        "00-\(traceID)-\(spanID)-\(isSampled ? "01" : "00")"
    }

    /// The first span of a new, sampled trace.
    public static func root() -> TraceContext {
        TraceContext(
            traceID: randomDigits() + randomDigits(), spanID: randomDigits(), isSampled: true)
    }

    /// A new span in the same trace, sampled as this one is.
    public func child() -> TraceContext {
        TraceContext(traceID: traceID, spanID: Self.randomDigits(), isSampled: isSampled)
    }

    /// 16 digits, never all zero.
    private static func randomDigits() -> String {
        let number = chance.withLock { UInt64.random(in: 1...UInt64.max, using: &$0) }
        return String(unsafeUninitializedCapacity: 16) { text in
            for place in 0..<16 {
                let digit = UInt8(truncatingIfNeeded: number >> UInt64(60 - 4 * place)) & 15
                text[place] =
                    digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
            }
            return 16
        }
    }

    private static let chance = Mutex(Chance())

    /// Names spans, of which there is one an event: the system's generator is a system call, and
    /// nobody gains by guessing a span's name. (SplitMix64; Steele, Lea and Flood, 2014.)
    private struct Chance: RandomNumberGenerator {
        private var state = UInt64.random(in: 0...UInt64.max)

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }

    private static func isID(_ bytes: some Collection<UInt8>, count: Int) -> Bool {
        bytes.count == count && bytes.allSatisfy { digit($0) != nil }
            && bytes.contains { $0 != UInt8(ascii: "0") }
    }

    private static func octet(_ high: UInt8, _ low: UInt8) -> UInt8? {
        guard let high = digit(high), let low = digit(low) else { return nil }
        return high << 4 | low
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}
