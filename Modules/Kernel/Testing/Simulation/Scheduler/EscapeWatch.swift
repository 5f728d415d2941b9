import Foundation

/// Notices work that leaves a scheduler's thread for the global pool, at the moment it leaves.
///
/// What comes back is noticed anyway, but `Task {}` may have ended before anyone awaits it, or may
/// never be awaited. Swift's runtime has a hook for those who replace its pool; here it only looks
/// on. Where a runtime does not export it, only what comes back is noticed.
enum EscapeWatch {
    // The runtime calls it with Swift's convention, which for two pointers is C's, on the
    // platforms of this package.
    private typealias Original = @convention(c) (UnsafeRawPointer) -> Void
    private typealias Hook = @convention(c) (UnsafeRawPointer, Original) -> Void

    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        pthread_key_create(&key, nil)
        return key
    }()

    /// Once for the process. Other threads may be in the runtime meanwhile: they see the old value
    /// or the new one of an aligned pointer, and either is right for them.
    private static let isInstalled: Bool = {
        guard
            let symbol = dlsym(dlopen(nil, RTLD_NOW), "swift_task_enqueueGlobal_hook")
        else { return false }
        let hook: Hook = { job, original in
            if let pointer = pthread_getspecific(EscapeWatch.key) {
                Unmanaged<SeededScheduler>.fromOpaque(pointer).takeUnretainedValue().noteEscape()
            }
            original(job)
        }
        symbol.assumingMemoryBound(to: Optional<Hook>.self).pointee = hook
        return true
    }()

    /// Watches the calling thread, while `body` runs on it, on behalf of `scheduler`.
    static func watching<T>(for scheduler: SeededScheduler, _ body: () -> T) -> T {
        _ = isInstalled
        return withExtendedLifetime(scheduler) {
            pthread_setspecific(key, Unmanaged.passUnretained(scheduler).toOpaque())
            defer { pthread_setspecific(key, nil) }
            return body()
        }
    }
}
