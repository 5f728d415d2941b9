import Testing

/// Looks every 20 ms until what is seen fits; the one way to wait in these tests.
///
/// - Throws: ``NeverSeen`` with the last sight when the time is over; what looking throws.
@discardableResult
func eventually<T>(
    _ what: String, within limit: Duration = .seconds(10),
    sourceLocation: SourceLocation = #_sourceLocation,
    see: () async throws -> T, until fits: (T) throws -> Bool
) async throws -> T {
    let deadline = ContinuousClock.now + limit
    while true {
        let sight = try await see()
        if try fits(sight) { return sight }
        guard ContinuousClock.now < deadline else {
            throw NeverSeen(
                what: what, limit: limit, lastSight: "\(sight)", place: sourceLocation)
        }
        try await Task.sleep(for: .milliseconds(20))
    }
}

/// Something did not happen in time.
struct NeverSeen: Error, CustomStringConvertible {
    let what: String
    let limit: Duration
    let lastSight: String
    let place: SourceLocation

    var description: String {
        "never within \(limit): \(what) (\(place)); last seen: \(lastSight.prefix(4_000))"
    }
}
