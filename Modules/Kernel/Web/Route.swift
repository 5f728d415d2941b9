public import HTTPTypes

/// One endpoint of a module: method, path, who may call it, and what it does.
///
/// The access rule is part of the declaration, so no endpoint is open by omission.
public struct Route: Sendable {
    /// The method.
    public let method: HTTPRequest.Method
    /// The path template, `/api/v1/orders/{id}`; also the label of its metrics.
    public let path: String
    /// Who may call it.
    public let access: Access
    /// What the body may have, where that is less than the server allows; `nil` where it is not.
    private(set) var bodyByteCountMax: Int?
    let handle: @Sendable (WebRequest) async throws -> WebResponse

    /// Declares an endpoint.
    public init(
        _ method: HTTPRequest.Method, _ path: String, access: Access,
        _ handle: @escaping @Sendable (WebRequest) async throws -> WebResponse
    ) {
        self.method = method
        self.path = path
        self.access = access
        self.handle = handle
    }

    /// Declares a reading endpoint.
    public static func get(
        _ path: String, access: Access,
        _ handle: @escaping @Sendable (WebRequest) async throws -> WebResponse
    ) -> Route { Route(.get, path, access: access, handle) }

    /// Declares a creating or commanding endpoint.
    public static func post(
        _ path: String, access: Access,
        _ handle: @escaping @Sendable (WebRequest) async throws -> WebResponse
    ) -> Route { Route(.post, path, access: access, handle) }

    /// Declares a replacing endpoint.
    public static func put(
        _ path: String, access: Access,
        _ handle: @escaping @Sendable (WebRequest) async throws -> WebResponse
    ) -> Route { Route(.put, path, access: access, handle) }

    /// Declares a changing endpoint: what the body does not name stays (RFC 7396).
    public static func patch(
        _ path: String, access: Access,
        _ handle: @escaping @Sendable (WebRequest) async throws -> WebResponse
    ) -> Route { Route(.patch, path, access: access, handle) }

    /// The same endpoint with a smaller body; the server's own limit holds too.
    public func limitingBody(to byteCount: Int) -> Route {
        var route = self
        route.bodyByteCountMax = byteCount
        return route
    }
}

/// Who may call an endpoint.
public enum Access: Sendable, Hashable {
    /// Everybody, with or without a token.
    case anyone
    /// Whatever person shows a valid access token; the endpoint answers with what is theirs. A
    /// service has nothing of its own.
    case authenticated
    /// Whoever holds this permission, person or service. Administrators hold every one.
    case permission(String)
}
