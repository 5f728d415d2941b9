import Testing

/// The root of the suites that ask a system for what it does. A few of their tests may run at a
/// time: they mostly wait.
@Suite(.timeLimit(.minutes(2)))
enum `The whole system` {}

/// The root of those that load, kill and starve it. One after the other: each keeps the machine's
/// two cores busy and measures times.
@Suite(.serialized, .timeLimit(.minutes(6)))
enum `The whole system under strain` {}
