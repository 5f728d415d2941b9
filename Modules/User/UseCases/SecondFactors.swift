import EventBus
import Events
import Foundation
import Storage
import UserContract
import Web

/// Turns second factors on and off.
struct SecondFactors: Sendable {
    /// Who the account is with, as authenticator apps show it.
    static let issuer = "Flotilla"

    let users: Users
    let sessions: Sessions

    private var codes: FactorCodes { sessions.codes }

    /// What an authenticator app is given, once.
    struct Enrolment: Sendable {
        let secret: String
        let uri: String
    }

    /// What confirming gives.
    struct Confirmation: Sendable {
        let recoveryCodes: [String]
        let accessToken: String
    }

    /// Makes a secret that waits for its confirmation.
    ///
    /// - Throws: ``UserError/factorOn``; as ``Reauthentication/require(_:of:)``.
    func enrol(_ caller: Principal, _ proof: Proof) async throws -> Enrolment {
        try await users.reauthentication.require(proof, of: caller)
        let totp = TOTP()
        let sealed = try users.secrets.seal(totp, of: caller.userID)
        let user = try await users.database.write { transaction in
            guard let user = try users.store.find(caller.userID, in: transaction) else {
                throw UserError.notFound
            }
            guard try codes.store.propose(sealed, of: user.id, in: transaction) else {
                throw UserError.factorOn
            }
            return user
        }
        return Enrolment(
            secret: totp.base32,
            uri: totp.uri(account: user.email.text, issuer: Self.issuer))
    }

    /// Turns the factor on: the user's app has the secret. The code that shows it is spent, other
    /// sessions end, and the caller's has two factors from now on.
    ///
    /// - Throws: ``UserError/factorOff``, ``UserError/factorOn``, ``UserError/wrongCode``,
    ///   ``UserError/sessionNotFound``.
    func confirm(_ code: String, _ caller: Principal) async throws -> Confirmation {
        let (id, now) = (caller.userID, users.now().wholeMilliseconds)
        let recoveryCodes = (0..<RecoveryCode.count).map { _ in RecoveryCode() }
        guard let session = SessionID(caller.sessionID) else { throw UserError.sessionNotFound }
        let grants = try await users.ending.write { transaction, ended -> Grants? in
            guard let factor = try codes.store.find(id, in: transaction) else {
                throw UserError.factorOff
            }
            guard factor.confirmedAt == nil else { throw UserError.factorOn }
            try requireSession(session, of: id, at: now, in: transaction)
            guard try codes.take(.totp(code), of: id, at: now, in: transaction) else { return nil }
            try codes.store.confirm(id, at: now, in: transaction)
            try codes.store.replaceCodes(recoveryCodes, of: id, in: transaction)
            try users.ending.endAll(
                of: id, except: session, because: .factorChanged, in: transaction, &ended)
            try sessions.store.setProof(
                .init(at: now, assurance: .twoFactors), of: session, in: transaction)
            try tell(id, isOn: true, at: now, in: transaction)
            return try sessions.grants(of: id, .twoFactors, in: transaction)
        }
        guard let grants else { throw UserError.wrongCode }
        return Confirmation(
            recoveryCodes: recoveryCodes.map(\.text),
            accessToken: try await sessions.accessToken(
                of: id, session, grants, .init(at: now, assurance: .twoFactors), at: now))
    }

    /// Turns the factor off. Other sessions end: they were opened with it.
    ///
    /// - Throws: ``UserError/factorOff``, ``UserError/factorRequired``; as
    ///   ``Reauthentication/require(_:of:)``.
    func disable(_ caller: Principal, _ proof: Proof) async throws {
        try await requireFactor(of: caller.userID)
        try await users.reauthentication.require(proof, of: caller)
        let (id, now) = (caller.userID, users.now().wholeMilliseconds)
        let session = SessionID(caller.sessionID)
        try await users.ending.write { transaction, ended in
            guard try codes.store.isOn(id, in: transaction) else { throw UserError.factorOff }
            let isAdministrator = try users.roles.grants(of: id, in: transaction).roles
                .contains(Role.admin.name)
            guard !users.logInPolicy.administratorsNeedFactor || !isAdministrator else {
                throw UserError.factorRequired
            }
            try codes.store.erase(id, in: transaction)
            try users.ending.endAll(
                of: id, except: session, because: .factorChanged, in: transaction, &ended)
            if let session {
                try sessions.store.setProof(
                    .init(at: now, assurance: .oneFactor), of: session, in: transaction)
            }
            try tell(id, isOn: false, at: now, in: transaction)
        }
    }

    /// Makes new recovery codes; those before are worth nothing.
    ///
    /// - Throws: ``UserError/factorOff``; as ``Reauthentication/require(_:of:)``.
    func renewCodes(_ caller: Principal, _ proof: Proof) async throws -> [String] {
        try await requireFactor(of: caller.userID)
        try await users.reauthentication.require(proof, of: caller)
        let recoveryCodes = (0..<RecoveryCode.count).map { _ in RecoveryCode() }
        try await users.database.write { transaction in
            guard try codes.store.isOn(caller.userID, in: transaction) else {
                throw UserError.factorOff
            }
            try codes.store.replaceCodes(recoveryCodes, of: caller.userID, in: transaction)
            try users.outbox.publish(
                MfaStatusChanged(
                    userID: caller.userID, enabled: true,
                    method: MfaStatusChanged.recoveryCodes,
                    changedAt: users.now().wholeMilliseconds), in: transaction)
        }
        return recoveryCodes.map(\.text)
    }

    /// Proves once more who the caller is, so that what asks for it goes on for five minutes.
    ///
    /// - Throws: as ``Reauthentication/require(_:of:)``; ``UserError/sessionNotFound``.
    func stepUp(_ caller: Principal, _ proof: Proof) async throws -> String {
        let stale = Principal(
            userID: caller.userID, sessionID: caller.sessionID, roles: caller.roles,
            permissions: caller.permissions)
        try await users.reauthentication.require(proof, of: stale)
        let (id, now) = (caller.userID, users.now().wholeMilliseconds)
        guard let session = SessionID(caller.sessionID) else { throw UserError.sessionNotFound }
        let (grants, newProof) = try await users.database.write { transaction in
            try requireSession(session, of: id, at: now, in: transaction)
            let hasFactor = try codes.store.isOn(id, in: transaction)
            let proof = SessionStore.Proof(
                at: now, assurance: hasFactor ? .twoFactors : .oneFactor)
            try sessions.store.setProof(proof, of: session, in: transaction)
            return (try sessions.grants(of: id, proof.assurance, in: transaction), proof)
        }
        return try await sessions.accessToken(of: id, session, grants, newProof, at: now)
    }

    /// A token is only given to a session that can be ended.
    private func requireSession(
        _ session: SessionID, of user: UserID, at now: Date, in transaction: Transaction
    ) throws {
        guard try sessions.store.proof(of: session, of: user, at: now, in: transaction) != nil
        else { throw UserError.sessionNotFound }
    }

    private func requireFactor(of user: UserID) async throws {
        guard try await users.database.read({ try codes.store.isOn(user, in: $0) }) else {
            throw UserError.factorOff
        }
    }

    private func tell(
        _ user: UserID, isOn: Bool, at now: Date, in transaction: Transaction
    ) throws {
        try users.outbox.publish(
            MfaStatusChanged(userID: user, enabled: isOn, method: "totp", changedAt: now),
            in: transaction)
    }
}
