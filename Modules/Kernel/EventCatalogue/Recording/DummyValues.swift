/// The values handed out in one try to decode a type.
///
/// A class because the place in the lists moves on with every value, whoever asks for it.
final class DummyValues {
    /// How many were asked for.
    private(set) var handedOut = 0

    private let round: Int
    private let stride: Int
    private let only: PayloadSchema.Value?

    init(round: Int = 0, stride: Int = 0) {
        self.round = round
        self.stride = stride
        only = nil
    }

    /// Hands out one value and no other.
    init(only value: PayloadSchema.Value) {
        round = 0
        stride = 0
        only = value
    }

    /// Every try worth making: first one value for everything, then neighbours in the list for
    /// types that compare what they read (a range needs two that differ, in the right order).
    static var all: some Sequence<DummyValues> {
        (0...2).lazy.flatMap { stride in
            texts.indices.lazy.map { DummyValues(round: $0, stride: stride) }
        }
    }

    func text() throws -> String {
        switch only {
        case nil: next(of: Self.texts)
        case .string(let text): text
        case .integer: throw Mismatch()
        }
    }

    /// - Parameter convert: `nil` for a number that the type asked for can't hold.
    func number<Number>(_ convert: (Int64) -> Number?) throws -> Number {
        switch only {
        case nil:
            let numbers = Self.numbers.compactMap(convert)
            return next(of: numbers)
        case .integer(let number):
            guard let number = convert(number) else { throw Mismatch() }
            return number
        case .string:
            throw Mismatch()
        }
    }

    func truth() throws -> Bool {
        guard only == nil else { throw Mismatch() }
        return next(of: [true, false])
    }

    private func next<Value>(of values: [Value]) -> Value {
        defer { handedOut += 1 }
        return values[(round + stride * handedOut) % values.count]
    }

    private struct Mismatch: Error {}

    /// What validated texts tend to be: codes, times, addresses, versions.
    private static let texts = [
        "text", "EUR", "DE", "de", "en-US", "a", "A", "1", "0", "10", "42", "1.0", "1.0.0", "true",
        "01890a5d-ac96-774b-bcce-b302099a8057", "2026-01-01T00:00:00.000Z", "2026-01-01", "12:00",
        "someone@example.org", "https://example.org/", "example.org", "/a", "+4930123456",
        "192.0.2.1", "UTC", "Europe/Berlin", "PT1H", "AAAA", "DE89370400440532013000",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "two words", "",
    ]
    private static let numbers: [Int64] = [
        1, 0, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 24, 30, 60, 100, 127, -1, -100, 200, 255, 256, 400,
        500, 999, 1_000, 2_026, 4_096, 8_080, 10_000, 1_000_000, 1_767_225_600,
    ]
}
