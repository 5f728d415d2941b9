internal import Events
internal import Synchronization

/// A span's place in a trace, as it travels in a `traceparent` header.
///
/// Kept as numbers: every request and every event has one, and few are ever written out. See
/// [W3C Trace Context](https://www.w3.org/TR/trace-context/).
public struct TraceContext: Sendable, Hashable {
    private let trace: (high: UInt64, low: UInt64)
    private let span: UInt64
    /// Whether the caller may have recorded this trace.
    public let isSampled: Bool

    /// 32 lower-case hexadecimal digits, not all zero.
    public var traceID: String { Self.digits(trace.high) + Self.digits(trace.low) }
    /// 16 lower-case hexadecimal digits, not all zero.
    public var spanID: String { Self.digits(span) }

    private init(trace: (high: UInt64, low: UInt64), span: UInt64, isSampled: Bool) {
        self.trace = trace
        self.span = span
        self.isSampled = isSampled
    }

    /// Names a span.
    ///
    /// - Precondition: both ids are well formed; text from outside goes through
    ///   ``init(traceparent:)`` instead.
    public init(traceID: String, spanID: String, isSampled: Bool) {
        let (traceDigits, spanDigits) = (Array(traceID.utf8), Array(spanID.utf8))
        guard traceDigits.count == 32, let trace = Self.traceID(traceDigits[...]) else {
            preconditionFailure("a trace id is 32 hexadecimal digits")
        }
        guard spanDigits.count == 16, let span = Self.number(spanDigits[...]), span != 0 else {
            preconditionFailure("a span id is 16 hexadecimal digits")
        }
        self.init(trace: trace, span: span, isSampled: isSampled)
    }

    /// Reads a header value strictly; `nil` when it must be ignored.
    ///
    /// Versions above `00` are read as far as `00` goes, as the recommendation asks; version
    /// `ff`, upper-case digits and all-zero ids are refused.
    public init?(traceparent: String) {
        let bytes = Array(traceparent.utf8)
        let dash = UInt8(ascii: "-")
        guard bytes.count >= 55, bytes[2] == dash, bytes[35] == dash, bytes[52] == dash,
            let version = Self.number(bytes[0..<2]), version != 0xff,
            let flags = Self.number(bytes[53..<55]),
            bytes.count == 55 || (version > 0 && bytes[55] == dash),
            let trace = Self.traceID(bytes[3..<35]),
            let span = Self.number(bytes[36..<52]), span != 0
        else { return nil }
        self.init(trace: trace, span: span, isSampled: flags & 1 == 1)
    }

    /// The header value, always in version `00`.
    public var traceparent: String {
        "00-\(traceID)-\(spanID)-\(isSampled ? "01" : "00")"
    }

    /// The first span of a new, sampled trace.
    public static func root() -> TraceContext {
        TraceContext(trace: (number(), number()), span: number(), isSampled: true)
    }

    /// A new span in the same trace, sampled as this one is.
    public func child() -> TraceContext {
        TraceContext(trace: trace, span: Self.number(), isSampled: isSampled)
    }

    /// Whether they name the same span, and say the same of it.
    public static func == (left: TraceContext, right: TraceContext) -> Bool {
        left.trace == right.trace && left.span == right.span && left.isSampled == right.isSampled
    }

    /// By the span, which is another one in each trace.
    public func hash(into hasher: inout Hasher) { hasher.combine(span) }

    /// Never zero. Names spans, of which there is one an event: the system's generator is a system
    /// call, and nobody gains by guessing a span's name.
    private static func number() -> UInt64 {
        chance.withLock { UInt64.random(in: 1...UInt64.max, using: &$0) }
    }

    private static let chance = Mutex(SplitMix64(seed: .random(in: 0...UInt64.max)))

    private static func traceID(_ digits: ArraySlice<UInt8>) -> (high: UInt64, low: UInt64)? {
        guard let high = number(digits.prefix(16)), let low = number(digits.suffix(16)),
            high != 0 || low != 0
        else { return nil }
        return (high, low)
    }

    /// Up to 16 lower-case digits as a number.
    private static func number(_ digits: ArraySlice<UInt8>) -> UInt64? {
        var number: UInt64 = 0
        for digit in digits {
            guard digit < UInt8(ascii: "A") || digit > UInt8(ascii: "F"),
                let value = Hexadecimal.value(digit)
            else { return nil }
            number = number << 4 | UInt64(value)
        }
        return number
    }

    /// 16 lower-case digits.
    private static func digits(_ number: UInt64) -> String {
        String(unsafeUninitializedCapacity: 16) { text in
            for place in 0..<16 {
                text[place] = Hexadecimal.digit(
                    UInt8(truncatingIfNeeded: number >> UInt64(60 - 4 * place)) & 15)
            }
            return 16
        }
    }
}
