import Events
import UserContract

extension Notifications {
    /// Writes to the address that a user wants to have, or to whoever has it already.
    ///
    /// What is recorded does not differ: the account that asked must not learn which it was.
    ///
    /// - Throws: as `tell(_:_:at:because:)`; ``UnopenedToken``.
    func changeRequested(
        _ event: UserEmailChangeRequested, because id: EventID
    ) async throws -> Outcome {
        guard isInTime(event.expiresAt, because: id) else { return Self.nothing }
        let link = try event.sealedToken.map { try self.link(.emailChange, $0, of: event.userID) }
        let letter =
            link.map { Letter.emailChange(event, link: $0) } ?? Letter.emailChangeRefused
        return try await tell(event.userID, letter, at: event.email, because: id)
    }

    /// Writes to the address that was, and answers that the new one is to be recorded.
    ///
    /// - Throws: as `tell(_:_:at:because:)`; ``UnopenedToken``.
    func changed(_ event: UserEmailChanged, because id: EventID) async throws -> Outcome {
        // The change is told in any case; the way back only while it works.
        let isInTime = event.expiresAt.map { self.isInTime($0, because: id) } ?? false
        let link = try event.sealedToken.flatMap {
            isInTime ? try self.link(.emailChangeUndo, $0, of: event.userID) : nil
        }
        let record = try await tell(
            event.userID, .emailChanged(event, link: link), at: event.oldEmail, because: id)
        return { [recipients] transaction in
            try recipients.move(event.userID, to: event.email, in: transaction)
            try record(transaction)
        }
    }
}
