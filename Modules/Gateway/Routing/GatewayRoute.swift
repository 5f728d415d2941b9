public import HTTPTypes

/// A path of the processes behind the gateway, and who is asked about it.
public struct GatewayRoute: Sendable {
    package let method: HTTPRequest.Method
    package let path: String
    let destination: Destination

    /// - Parameter path: a template, `/api/v1/orders/{id}`.
    public init(_ method: HTTPRequest.Method, _ path: String, to destination: Destination) {
        self.method = method
        self.path = path
        self.destination = destination
    }
}

/// Who is asked about a path.
public enum Destination: Sendable, Hashable {
    /// The process that runs this module.
    case module(String)
    /// The process that runs the module whose consumer the placeholder names, `order.payments`.
    case moduleOfConsumer(placeholder: String)
    /// Every process; the `items` that they answer become one list, which ends where they end.
    case all
    /// Every process; their pages become one, of the greatest first by this member of an item.
    case pages(orderedBy: String)
    /// Every process; what they know of one thing becomes one account of it.
    case account(AccountShape)
    /// The one process that has it, found by asking all of them.
    case whoeverHasIt(Lookup)
}

/// How processes tell of one thing, each what it knows: objects with an `id`, and a `time` to put
/// them in order.
public struct AccountShape: Sendable, Hashable {
    let parts: String
    let name: String
    let children: String

    /// - Parameters:
    ///   - parts: a member that is a list, whose elements are known to single modules.
    ///   - name: the member of a part that names it, `order.payments`: by this name's module.
    ///   - children: a member that is a list of accounts of other things, told of under the same
    ///     path.
    public init(parts: String, name: String, children: String) {
        self.parts = parts
        self.name = name
        self.children = children
    }
}

/// How a process is asked whether it has something, and what to say when several have.
public struct Lookup: Sendable, Hashable {
    /// The template that is asked.
    public let path: String
    let distinction: String
    let code: String

    /// - Parameters:
    ///   - path: answers a GET with the thing, 404, or 409 when it is there several times;
    ///     `/api/v1/letters/{id}`. What has the `id` of the path is there once.
    ///   - distinction: the member of the thing, and the parameter of the query, that tells things
    ///     apart which are asked for by another id.
    ///   - code: of the 409 when several processes have it.
    public init(path: String, distinction: String, code: String) {
        self.path = path
        self.distinction = distinction
        self.code = code
    }
}
