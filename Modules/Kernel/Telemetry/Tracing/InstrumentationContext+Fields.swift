public import Tracing

/// What is known of the work at hand, wherever it goes on: in logs, transactions and events.
///
/// It travels as one value of the task's context, because a request and each event make several
/// contexts.
public struct WorkContext: Sendable {
    /// The current span, `nil` outside of any.
    public var traceContext: TraceContext?
    /// Ties together everything that one outside request set in motion, across processes.
    public var correlationID: String?
    /// The event or command that this work answers.
    public var causationID: String?
    /// The HTTP request being served.
    public var requestID: String?
    /// The module at work.
    public var module: String?
    /// The signed-in user's opaque id; never a name or an address.
    public var userID: String?
    /// The subscriber handling an event, e.g. `notification.receipt`.
    public var consumer: String?

    /// Nothing is known of it.
    public init() {}
}

extension InstrumentationContext {
    /// What is known of the work at hand.
    public var work: WorkContext {
        get { self[WorkContextKey.self] ?? WorkContext() }
        set { self[WorkContextKey.self] = newValue }
    }

    /// A context of which nothing else is known.
    public static func of(_ work: WorkContext) -> InstrumentationContext {
        var context = topLevel
        context.work = work
        return context
    }

    /// The current span, `nil` outside of any.
    public var traceContext: TraceContext? {
        get { self[WorkContextKey.self]?.traceContext }
        set { work.traceContext = newValue }
    }

    /// Ties together everything that one outside request set in motion, across processes.
    public var correlationID: String? {
        get { self[WorkContextKey.self]?.correlationID }
        set { work.correlationID = newValue }
    }

    /// The event or command that this work answers.
    public var causationID: String? {
        get { self[WorkContextKey.self]?.causationID }
        set { work.causationID = newValue }
    }

    /// The HTTP request being served.
    public var requestID: String? {
        get { self[WorkContextKey.self]?.requestID }
        set { work.requestID = newValue }
    }

    /// The module at work.
    public var module: String? {
        get { self[WorkContextKey.self]?.module }
        set { work.module = newValue }
    }

    /// The signed-in user's opaque id; never a name or an address.
    public var userID: String? {
        get { self[WorkContextKey.self]?.userID }
        set { work.userID = newValue }
    }

    /// The subscriber handling an event, e.g. `notification.receipt`.
    public var consumer: String? {
        get { self[WorkContextKey.self]?.consumer }
        set { work.consumer = newValue }
    }
}

private enum WorkContextKey: InstrumentationContextKey {
    typealias Value = WorkContext
    static let nameOverride: String? = "work"
}
