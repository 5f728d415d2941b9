import EventBus
import Events
import Storage
import UserContract

extension Users {
    /// Replaces a profile; publishes nothing when nothing differs.
    ///
    /// - Throws: ``UserError/notFound``.
    func updateProfile(of id: UserID, to profile: Profile) async throws -> User {
        try await database.write { transaction in
            guard var user = try store.find(id, in: transaction) else { throw UserError.notFound }
            let changedFields = user.profile.fieldsChanged(to: profile)
            guard !changedFields.isEmpty else { return user }
            user.profile = profile
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

    /// Sets a new password and ends every other session.
    ///
    /// - Throws: ``UserError/notFound``, ``UserError/wrongPassword``; `Problem` 422 for a new
    ///   password that does not do.
    func changePassword(
        of id: UserID, from current: Password, to new: Password, keeping session: String,
        ipAddress: String?
    ) async throws {
        let known = try await find(id)
        guard try await hasher.verify(current, against: known.passwordHash).isRight else {
            throw UserError.wrongPassword
        }
        try policy.check(new, near: known.email, known.profile, pointer: "/newPassword")
        let hash = try await hasher.hash(new)
        let now = now().wholeMilliseconds
        try await ending.write { transaction, ended in
            guard var user = try store.find(id, in: transaction) else { throw UserError.notFound }
            // Another change came first: what was verified is no longer the password.
            guard user.passwordHash == known.passwordHash else { throw UserError.wrongPassword }
            user.passwordHash = hash
            try store.update(user, at: now, in: transaction)
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
    /// - Throws: ``UserError/notFound``, ``UserError/lastAdministrator``.
    func delete(_ id: UserID) async throws {
        let now = now().wholeMilliseconds
        try await ending.write { transaction, ended in
            guard try store.find(id, in: transaction) != nil else { throw UserError.notFound }
            try requireAnotherAdministrator(than: id, in: transaction)
            ended.end(id)
            try store.erase(id, at: now, in: transaction)
            try outbox.publish(UserDeleted(userID: id, deletedAt: now), in: transaction)
        }
    }
}
