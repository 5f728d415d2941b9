import EventBus

extension AuditModule {
    /// Writes down every event of every topic.
    var trailSubscription: Subscription {
        let (trail, now) = (trail, now)
        return .everything("audit.trail", replay: .repeated) { delivery, transaction in
            try trail.append(delivery.envelope, at: now(), in: transaction)
        }
    }
}
