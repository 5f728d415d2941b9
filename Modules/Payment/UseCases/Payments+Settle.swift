import EventBus
import Events
import Storage

extension Payments {
    /// Remembers that an order came to nothing, so that nobody is charged for it any more, and lets
    /// go of what is set aside for it.
    ///
    /// Letting go is harmless to repeat, so whatever goes wrong is tried again by the bus.
    func settle(_ end: OrderEnd) async throws -> EffectHandler.Outcome {
        let open = try await database.write { transaction in
            try notes.note(end, in: transaction)
            return try store.payments(of: end.orderID, in: transaction)
                .filter { $0.state == .authorized }
        }
        var views: [ProviderPayment] = []
        for payment in open { views.append(try await provider.void(payment.id)) }
        return { [ledger, views] transaction in
            for view in views {
                try ledger.take(view, from: .order, voidedFor: end.reason, in: transaction)
            }
        }
    }
}
