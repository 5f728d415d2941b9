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
    /// Every process, one after the other, until one does not answer 404.
    case whoeverHasIt
}
