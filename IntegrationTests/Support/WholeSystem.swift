import Testing

/// The root of all suites here. One after the other: each starts processes and measures times, and
/// the machine has two cores.
@Suite(.serialized, .timeLimit(.minutes(6)))
enum `The whole system` {}
