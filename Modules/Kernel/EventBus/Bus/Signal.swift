import Synchronization

/// A wake-up that is never lost: raised while nobody waits, it ends the next wait at once.
///
/// One waiter at a time. `Mutex`, because raising happens on database threads that can't await.
package final class Signal: Sendable {
    private struct State {
        var isRaised = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    package init() {}

    /// Wakes the waiter, now or when it comes.
    package func raise() {
        let waiter = state.withLock { state in
            defer { state.waiter = nil }
            if state.waiter == nil { state.isRaised = true }
            return state.waiter
        }
        waiter?.resume()
    }

    /// Returns when raised, when `duration` has passed, or when the task is cancelled.
    package func wait(upTo duration: Duration, clock: any Clock<Duration>) async {
        guard !takeRaised() else { return }
        await withTaskGroup(of: Void.self) { group in
            group.addTask(name: "signal") { await self.wait() }
            group.addTask(name: "timeout") { try? await clock.sleep(for: duration) }
            await group.next()
            group.cancelAll()
        }
    }

    private func takeRaised() -> Bool {
        state.withLock { state in
            defer { state.isRaised = false }
            return state.isRaised
        }
    }

    private func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.isRaised || Task.isCancelled {
                        state.isRaised = false
                        return true
                    }
                    state.waiter = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                defer { state.waiter = nil }
                return state.waiter
            }
            waiter?.resume()
        }
    }
}
