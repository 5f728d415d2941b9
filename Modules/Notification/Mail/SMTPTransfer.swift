/// What libcurl asks about while it transfers: the bytes of the mail, and whether to go on.
///
/// A class, because libcurl holds a pointer to it; not `Sendable`, because it stays on the one
/// thread that transfers.
final class SMTPTransfer {
    /// Whether the sender gave up.
    let isBrokenOff: () -> Bool
    private let deadline: ContinuousClock.Instant
    private let bytes: [UInt8]
    private var sentCount = 0

    init(
        _ bytes: [UInt8], until deadline: ContinuousClock.Instant,
        isBrokenOff: @escaping () -> Bool
    ) {
        (self.bytes, self.deadline, self.isBrokenOff) = (bytes, deadline, isBrokenOff)
    }

    /// The transfer libcurl was given a pointer to.
    static func at(_ object: UnsafeMutableRawPointer) -> SMTPTransfer {
        Unmanaged.fromOpaque(object).takeUnretainedValue()
    }

    var mustEnd: Bool { isBrokenOff() || ContinuousClock.now >= deadline }

    var count: Int { bytes.count }

    /// Copies what fits; returns how much, 0 at the end.
    func fill(_ room: UnsafeMutableRawBufferPointer) -> Int {
        let piece = bytes[sentCount...].prefix(room.count)
        room.copyBytes(from: piece)
        sentCount += piece.count
        return piece.count
    }
}
