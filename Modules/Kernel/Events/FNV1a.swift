/// A 64-bit hash that is the same in every process, against mistakes and not against anybody:
/// FNV-1a (G. Fowler, L. C. Noll, K.-P. Vo, draft-eastlake-fnv).
package struct FNV1a: Sendable {
    /// Over all that was mixed in.
    package private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    package init() {}

    package mutating func mix(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { value = (value ^ UInt64(byte)) &* 0x100_0000_01B3 }
    }
}
