import Foundation

/// Tells threads apart, at the price of one call that reads a register.
struct ThreadIdentity: Equatable, Sendable {
    private let handle: UInt

    static var current: ThreadIdentity {
        #if canImport(Darwin)
            ThreadIdentity(handle: UInt(bitPattern: pthread_self()))
        #else
            ThreadIdentity(handle: UInt(pthread_self()))
        #endif
    }
}
