import Gateway
import HTTPTypes

extension AdminRoutes {
    /// The same paths behind a gateway: each process answers to them for its own modules.
    static let behindGateway: [GatewayRoute] = [
        // The publisher's process has it.
        GatewayRoute(.get, "/api/v1/admin/events/{id}", to: .whoeverHasIt),
        GatewayRoute(.get, "/api/v1/admin/consumers", to: .all),
        GatewayRoute(
            .post, "/api/v1/admin/consumers/{consumer}/replay",
            to: .moduleOfConsumer(placeholder: "consumer")),
        GatewayRoute(.get, "/api/v1/admin/dead-letters", to: .pages(orderedBy: "parkedAt")),
        GatewayRoute(.get, "/api/v1/admin/dead-letters/{id}", to: .whoeverHasIt),
        GatewayRoute(.post, "/api/v1/admin/dead-letters/{id}/retry", to: .whoeverHasIt),
        GatewayRoute(.delete, "/api/v1/admin/dead-letters/{id}", to: .whoeverHasIt),
    ]
}
