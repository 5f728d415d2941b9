package import Hummingbird
import NIOCore

/// What a request carries through the middlewares.
package struct WebContext: RequestContext {
    package var coreContext: CoreRequestContextStorage
    /// The peer's IP address.
    let clientAddress: String?
    /// Taken from the client or made; set by ``ObservationMiddleware``.
    var requestID = ""
    /// When the whole request must be over; set by ``ObservationMiddleware``.
    var deadline = ContinuousClock.now

    package init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        clientAddress = source.channel.remoteAddress?.ipAddress
    }
}
