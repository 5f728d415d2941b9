import Events
import FlotillaTesting
import Foundation
import Testing
import UserContract
import Web

@testable import Notification

@Suite(.serialized) struct `Opening a token for a mail` {
    private let user = UserID()

    @Test(arguments: SealedToken.Use.allCases)
    func `that another key sealed is tried again, and says what to look at`(
        use: SealedToken.Use
    ) async throws {
        let office = try await PostOffice()
        try await office.register(user)
        let sent = office.mails
        let sealed = try PostOffice.sealElsewhere("a-token", for: use, of: user)
        let id = try await publish(use, sealed, at: office)
        let parked = try await office.harness.parked(at: PostOffice.consumer)
        #expect(parked.map(\.id) == [id])
        #expect(parked.map(\.state) == ["retrying"])
        #expect(parked.first?.error?.contains("auth.sealingKey") == true)
        #expect(parked.first?.error?.contains(sealed) == false)
        #expect(office.mails == sent)
        #expect(try await office.notices(of: user).items.map(\.kind) == ["welcome"])
    }

    @Test(arguments: SealedToken.Use.allCases)
    func `is given up once the link has ended, so that nothing else waits for it`(
        use: SealedToken.Use
    ) async throws {
        let office = try await PostOffice()
        try await office.register(user)
        let sent = office.mails
        let sealed = try PostOffice.sealElsewhere("a-token", for: use, of: user)
        try await publish(use, sealed, at: office)
        office.harness.time.advance(by: .seconds(3_601))
        try await office.harness.settle()
        #expect(try await office.harness.parked(at: PostOffice.consumer).isEmpty)
        // That an address was changed is told all the same.
        #expect(office.mails.count == sent.count + (use == .emailChangeUndo ? 1 : 0))
    }

    @Test(arguments: SealedToken.Use.allCases)
    func `is refused to another user's event and to another use`(use: SealedToken.Use) throws {
        let keys = try SealingKeys(SealingKeys.generate())
        let tokens = MailTokens(sealing: keys)
        let sealed = try keys.seal(
            "a-token", for: SealedToken.purpose, of: SealedToken.subject(user, use))
        #expect(try tokens.open(sealed, for: use, of: user) == "a-token")
        #expect(throws: UnopenedToken.otherKey) {
            try tokens.open(sealed, for: use, of: UserID())
        }
        for other in SealedToken.Use.allCases where other != use {
            #expect(throws: UnopenedToken.otherKey) {
                try tokens.open(sealed, for: other, of: user)
            }
        }
    }

    @Test func `needs a key, and says so`() throws {
        #expect(throws: UnopenedToken.noKey) {
            try MailTokens(sealing: nil).open("v1.a.b", for: .passwordReset, of: user)
        }
        for error in [UnopenedToken.noKey, .otherKey] {
            #expect("\(error)".contains("auth.sealingKey"))
        }
    }

    @discardableResult
    private func publish(
        _ use: SealedToken.Use, _ sealed: String, at office: PostOffice
    ) async throws -> EventID {
        let (email, end) = ("ada@example.org", TestTime().now.addingTimeInterval(3_600))
        let event: any Event =
            switch use {
            case .emailVerification:
                UserEmailVerificationRequested(
                    userID: user, email: email, sealedToken: sealed, expiresAt: end)
            case .passwordReset:
                UserPasswordResetRequested(
                    userID: user, email: email, sealedToken: sealed, expiresAt: end)
            case .emailChange:
                UserEmailChangeRequested(
                    userID: user, email: email, sealedToken: sealed, expiresAt: end)
            case .emailChangeUndo:
                UserEmailChanged(
                    userID: user, email: "new@example.org", oldEmail: email,
                    sealedToken: sealed, expiresAt: end, changedAt: end)
            }
        let id = try await office.harness.publish(event)
        try await office.harness.settle()
        return id
    }
}
