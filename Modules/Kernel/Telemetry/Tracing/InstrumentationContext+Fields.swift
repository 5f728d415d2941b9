public import Tracing

extension InstrumentationContext {
    /// The current span, `nil` outside of any.
    public var traceContext: TraceContext? {
        get { self[TraceContextKey.self] }
        set { self[TraceContextKey.self] = newValue }
    }

    /// Ties together everything that one outside request set in motion, across processes.
    public var correlationID: String? {
        get { self[CorrelationIDKey.self] }
        set { self[CorrelationIDKey.self] = newValue }
    }

    /// The event or command that this work answers.
    public var causationID: String? {
        get { self[CausationIDKey.self] }
        set { self[CausationIDKey.self] = newValue }
    }

    /// The HTTP request being served.
    public var requestID: String? {
        get { self[RequestIDKey.self] }
        set { self[RequestIDKey.self] = newValue }
    }

    /// The module at work.
    public var module: String? {
        get { self[ModuleKey.self] }
        set { self[ModuleKey.self] = newValue }
    }

    /// The signed-in user's opaque id; never a name or an address.
    public var userID: String? {
        get { self[UserIDKey.self] }
        set { self[UserIDKey.self] = newValue }
    }

    /// The subscriber handling an event, e.g. `notification.receipt`.
    public var consumer: String? {
        get { self[ConsumerKey.self] }
        set { self[ConsumerKey.self] = newValue }
    }
}

private enum TraceContextKey: InstrumentationContextKey {
    typealias Value = TraceContext
    static let nameOverride: String? = "traceContext"
}

private enum CorrelationIDKey: InstrumentationContextKey {
    typealias Value = String
    static let nameOverride: String? = "correlationID"
}

private enum CausationIDKey: InstrumentationContextKey {
    typealias Value = String
    static let nameOverride: String? = "causationID"
}

private enum RequestIDKey: InstrumentationContextKey {
    typealias Value = String
    static let nameOverride: String? = "requestID"
}

private enum ModuleKey: InstrumentationContextKey {
    typealias Value = String
    static let nameOverride: String? = "module"
}

private enum UserIDKey: InstrumentationContextKey {
    typealias Value = String
    static let nameOverride: String? = "userID"
}

private enum ConsumerKey: InstrumentationContextKey {
    typealias Value = String
    static let nameOverride: String? = "consumer"
}
