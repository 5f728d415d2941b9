import Foundation

/// A password ready for hashing: NFKC (so that a composed and a decomposed `é` are one), UTF-8.
struct Password: Sendable {
    /// The longest that is looked at, in Unicode scalars (NIST SP 800-63B counts each code point as
    /// one).
    static let lengthMax = 256

    let normalized: String

    init(_ text: String) { normalized = text.precomposedStringWithCompatibilityMapping }

    /// The bytes for a C function that takes a length, so that NUL does not end them early.
    func withCharacters<T>(_ body: (UnsafePointer<CChar>, UInt64) -> T) -> T {
        normalized.withCString { body($0, UInt64(normalized.utf8.count)) }
    }
}
