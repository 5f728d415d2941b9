import Gateway
import HTTPTypes

extension AdminRoutes {
    /// The same paths behind a gateway: each process answers to them for its own modules.
    static let behindGateway: [GatewayRoute] = [
        GatewayRoute(
            .get, "/api/v1/admin/events/{id}",
            to: .account(AccountShape(parts: "deliveries", name: "consumer", children: "caused"))),
        GatewayRoute(.get, "/api/v1/admin/consumers", to: .all),
        GatewayRoute(
            .post, "/api/v1/admin/consumers/{consumer}/replay",
            to: .moduleOfConsumer(placeholder: "consumer")),
        GatewayRoute(.get, "/api/v1/admin/dead-letters", to: .pages(orderedBy: "parkedAt")),
        GatewayRoute(.get, deadLetter.path, to: .whoeverHasIt(deadLetter)),
        GatewayRoute(.post, "\(deadLetter.path)/retry", to: .whoeverHasIt(deadLetter)),
        GatewayRoute(.delete, deadLetter.path, to: .whoeverHasIt(deadLetter)),
    ]

    /// By the id of its event, several processes may have it.
    private static let deadLetter = Lookup(
        path: "/api/v1/admin/dead-letters/{id}", distinction: "consumer",
        code: "dead_letter.ambiguous")
}
