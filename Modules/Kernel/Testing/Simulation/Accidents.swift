import Synchronization

/// A place in the path of an event where an accident can happen.
public enum AccidentPoint: String, Sendable, CaseIterable {
    /// A process wants to begin a transaction, reading or writing.
    case beforeTransaction
    /// The work of a writing transaction is done and not yet committed; in a consumer that is
    /// also before the mark that remembers the event.
    case beforeCommit
    /// A transaction is durable and its caller does not know yet.
    case afterCommit
    /// A relay has read a batch and is about to hand it to the transport.
    case beforeHandOver
    /// The transport has the batch and the relay does not know yet; also before the relay's mark.
    case afterHandOver
}

/// What can go wrong.
public enum Accident: String, Sendable, CaseIterable {
    /// The process dies; everything in its memory is gone.
    case crash
    /// The storage or transport says that it is away.
    case failure
    /// The process stands still for longer than its leases last, and then goes on.
    case pause
    /// The transport delivers twice what it is given next; of a broker alone, wherever planned.
    case duplicate
}

/// Which accidents a simulation draws from its seed, and how often.
public struct Accidents: Sendable {
    /// What can happen.
    public var kinds: Set<Accident>
    /// Where it can happen.
    public var points: Set<AccidentPoint>
    /// How probable an accident is at each point that is passed, 0 to 1.
    public var probability: Double

    /// Chooses accidents; everything, everywhere, unless it is said.
    public init(
        _ kinds: Set<Accident> = Set(Accident.allCases),
        at points: Set<AccidentPoint> = Set(AccidentPoint.allCases), probability: Double = 0.02
    ) {
        self.kinds = kinds
        self.points = points
        self.probability = probability
    }

    /// None but those that a scenario plans.
    public static let none = Accidents([], at: [], probability: 0)

    /// What may happen at a point: a committed transaction can't fail, but its caller may be told
    /// so.
    func kinds(at point: AccidentPoint) -> [Accident] {
        guard points.contains(point) else { return [] }
        let possible: [Accident] =
            switch point {
            case .beforeTransaction: [.crash, .failure, .pause]
            case .beforeCommit: [.crash, .failure]
            case .afterCommit: [.crash, .failure, .pause]
            case .beforeHandOver: [.crash, .failure, .pause]
            case .afterHandOver: [.crash, .failure, .pause]
            }
        return possible.filter { kinds.contains($0) }
    }
}

/// An accident that a scenario wants at a certain place.
struct PlannedAccident: Sendable {
    let accident: Accident
    let point: AccidentPoint
    /// The module at whose database or log it happens; any when `nil`.
    let module: String?
    /// The consumer that is handling an event in the transaction; anything when `nil`.
    let consumer: String?
    /// How often the point is passed unharmed before.
    var skipCount: Int
}

/// The process died; whoever catches this is dead as well.
struct SimulatedCrash: Error {}
