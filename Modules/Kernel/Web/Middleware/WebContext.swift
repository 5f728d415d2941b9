package import Hummingbird
import NIOCore
import Synchronization

/// What a request carries through the middlewares.
package struct WebContext: RequestContext {
    package var coreContext: CoreRequestContextStorage
    /// The peer's IP address.
    let clientAddress: String?
    /// Taken from the client or made; set by ``ObservationMiddleware``.
    var requestID = ""
    /// Who was found to make the request; told outwards to the access log.
    let caller = CallerBox()
    /// When the whole request must be over; set by ``ObservationMiddleware``.
    var deadline = ContinuousClock.now

    package init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        clientAddress = source.channel.remoteAddress?.ipAddress
    }
}

/// Carries the caller's id from authentication out to the layers around it.
final class CallerBox: Sendable {
    private let id = Mutex<String?>(nil)

    var userID: String? {
        get { id.withLock { $0 } }
        set { id.withLock { $0 = newValue } }
    }
}
