import EventBus
import Events
import Foundation
import Storage
import UserContract
import Web

extension Users {
    /// Changes a profile; publishes nothing when nothing differs.
    ///
    /// - Parameters:
    ///   - condition: the version that the caller saw; any when `nil`.
    ///   - change: makes the new profile of the present one.
    /// - Throws: ``UserError/notFound``; `Problem` 412; what the change throws.
    func updateProfile(
        of id: UserID, if condition: VersionCondition?,
        _ change: @escaping @Sendable (Profile) throws -> Profile
    ) async throws -> User {
        try await database.write { transaction in
            guard var user = try store.find(id, in: transaction) else { throw UserError.notFound }
            if let condition, !condition.admits(user.version) { throw Problem.versionMismatch }
            let profile = try change(user.profile)
            let changedFields = user.profile.fieldsChanged(to: profile)
            guard !changedFields.isEmpty else { return user }
            user.profile = profile
            user.version += 1
            try store.update(user, at: now(), in: transaction)
            try outbox.publish(
                UserProfileUpdated(
                    userID: id, firstName: profile.firstName, lastName: profile.lastName,
                    phone: profile.phone?.text, bio: profile.bio,
                    preferences: profile.preferences, changedFields: changedFields),
                in: transaction)
            return user
        }
    }

    /// Sets a new password and ends every other session; tokens of mails are worth nothing then.
    ///
    /// - Throws: ``UserError/notFound``, ``UserError/wrongPassword``; `Problem` 422 for a new
    ///   password that does not do, 429 after too many wrong ones.
    func changePassword(
        of id: UserID, from current: Password, to new: Password, keeping session: String,
        ipAddress: String?
    ) async throws {
        let known = try await reauthentication.verify(current, of: id)
        try await policy.check(
            new, near: known.email, known.profile, pointer: "/newPassword")
        let hash = try await hasher.hash(new)
        let now = now().wholeMilliseconds
        try await ending.write { transaction, ended in
            guard var user = try store.find(id, in: transaction) else { throw UserError.notFound }
            // Another change came first: what was verified is no longer the password.
            guard user.passwordHash == known.passwordHash else { throw UserError.wrongPassword }
            user.passwordHash = hash
            try store.update(user, at: now, in: transaction)
            try mailed.store.voidAll(of: id, in: transaction)
            try ending.endAll(
                of: id, except: SessionID(session), because: .passwordChanged, in: transaction,
                &ended)
            try outbox.publish(
                UserPasswordChanged(userID: id, ipAddress: ipAddress, changedAt: now),
                in: transaction)
        }
    }

    /// Deletes an account: erases what is personal here, and tells the others to.
    ///
    /// - Throws: ``UserError/notFound``, ``UserError/lastAdministrator``; as
    ///   ``Reauthentication/require(_:of:)``.
    func delete(_ caller: Principal, _ proof: Proof) async throws {
        try await reauthentication.require(proof, of: caller)
        let (id, now) = (caller.userID, now().wholeMilliseconds)
        try await ending.write { transaction, ended in
            guard let user = try store.find(id, in: transaction) else {
                throw UserError.notFound
            }
            try requireAnotherAdministrator(than: id, in: transaction)
            try erase(user, at: now, in: transaction, &ended)
        }
    }

    /// Erases what is personal of a user, everywhere in this module, and tells the others to.
    func erase(
        _ user: User, at now: Date, in transaction: Transaction,
        _ ended: inout AccessEnding.Ended
    ) throws {
        let id = user.id
        ended.end(id)
        try throttles.clearAll(
            ThrottleKey(.logIn, try identifier(of: user.email)), in: transaction)
        try mailed.store.erase(id, in: transaction)
        try FactorStore().erase(id, in: transaction)
        try DeviceStore().erase(id, in: transaction)
        try Idempotency(now: self.now).forgetAll(of: id, in: transaction)
        try store.erase(id, at: now, in: transaction)
        try outbox.publish(UserDeleted(userID: id, deletedAt: now), in: transaction)
    }
}
