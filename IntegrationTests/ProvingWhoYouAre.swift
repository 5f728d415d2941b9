import Foundation
import Testing

extension `The whole system` {
    @Suite struct `Proving who you are` {
        private static let address: JSON = [
            "label": "home", "line1": "Pier 7", "city": "Hamburg", "postalCode": "20457",
            "country": "DE",
        ]

        @Test(arguments: Topology.allCases)
        func `from registration to deletion every step wants its proof, and is told to all`(
            topology: Topology
        ) async throws {
            try await withSystem(topology) { system in
                let admin = try await system.administrator()
                var ada = Traveller(in: system)
                try await ada.register()
                try await ada.enrol()
                let added = try await ada.api.post("/api/v1/users/me/addresses", Self.address)
                #expect(added.status == 201, "\(added)")
                try await ada.changePassword(to: "a second battery horse")
                try await ada.resetPassword(to: "the third horse battery")
                try await ada.logInByRecoveryCode()
                try await ada.beSuspended(by: admin)
                try await ada.logInByRecoveryCode()
                try await expectNotices(of: ada)
                let known = Traces(hits: 1, addresses: 1, notices: 11)
                #expect(try await traces(of: ada, admin) == known)
                try await ada.leave()
                try await eventually("nobody knows Ada") {
                    try await traces(of: ada, admin)
                } until: {
                    $0 == Traces(isForgotten: true)
                }
                try await expectTrail(of: ada, admin)
                let again = try await system.api.post(
                    "/api/v1/users", Person.registration("Ada"))
                #expect(again.status == 201, "\(again)")
            }
        }

        @Test(arguments: Topology.mostCases)
        func `B97: an address changes when mail to the new one arrives, and can be taken back`(
            topology: Topology
        ) async throws {
            try await withSystem(topology) { system in
                let admin = try await system.administrator()
                let eve = try await system.person("Eve")
                let proof = try await system.mailedToken(for: .verifyEmail, to: eve.email)
                let isHers = try await system.api.post(
                    "/api/v1/email-verifications/confirm", ["token": proof])
                try #require(isHers.status == 204, "\(isHers)")
                let ada = try await system.person("Ada")
                let new = "ada.new@example.com"
                for email in [eve.email, new] {
                    let asked = try await ada.api.post(
                        "/api/v1/users/me/email", ["newEmail": .string(email)])
                    #expect(asked.status == 202 && asked.body.isEmpty, "\(asked)")
                }
                let token = try await system.mailedToken(for: .confirmEmailChange, to: new)
                #expect(try await email(of: ada) == ada.email, "it waits for the mail")
                let confirmation = "/api/v1/email-changes/confirm"
                let confirmed = try await system.api.post(confirmation, ["token": token])
                #expect(confirmed.status == 204, "\(confirmed)")
                expectProblem(
                    try await system.api.post(confirmation, ["token": token]), 400,
                    "auth.token_invalid")
                #expect(try await email(of: ada) == new)
                try await expectFound(ada, by: "ada.new", admin)
                _ = try await system.logIn(email: new)

                let undo = try await system.mailedToken(for: .undoEmailChange, to: ada.email)
                let undone = try await system.api.post(
                    "/api/v1/email-changes/undo", ["token": undo])
                #expect(undone.status == 204, "\(undone)")
                expectProblem(try await ada.api.get("/api/v1/users/me"), 401, "auth.unauthorized")
                let back = try await setPassword(of: ada, in: system)
                #expect(try await email(of: back) == ada.email)
                try await expectFound(ada, by: "ada0", admin)
                try await system.quiet()
                let toEve = try system.mailbox.mails(to: eve.email)
                #expect(toEve.count == 3, "welcome, confirmed, and that somebody wanted it")
                #expect(toEve.allSatisfy { $0.token(for: .confirmEmailChange) == nil })
            }
        }

        /// Whoever changed the address knew the password; so it opens nothing any more.
        private func setPassword(of ada: Person, in system: RunningSystem) async throws -> Person {
            expectProblem(
                try await system.api.post(
                    "/api/v1/sessions",
                    ["email": .string(ada.email), "password": .string(ada.password)]),
                401, "auth.wrong_credentials")
            let asked = try await system.api.post(
                "/api/v1/password-resets", ["email": .string(ada.email)])
            #expect(asked.status == 202, "\(asked)")
            let token = try await system.mailedToken(for: .resetPassword, to: ada.email)
            let new = "a second battery horse"
            let reset = try await system.api.post(
                "/api/v1/password-resets/confirm", ["token": token, "newPassword": .string(new)])
            #expect(reset.status == 204, "\(reset)")
            return try await system.logIn(email: ada.email, password: new)
        }

        private func email(of person: Person) async throws -> String? {
            try await person.api.get("/api/v1/users/me").json["email"].string
        }

        private func expectFound(
            _ person: Person, by word: String, _ admin: Person
        ) async throws {
            try await eventually("\(word) is found") {
                try await admin.api.get("/api/v1/search/users?q=\(word)").items
                    .map { $0["id"].string }
            } until: {
                $0 == [person.id]
            }
        }

        /// What others than User have of somebody.
        private struct Traces: Equatable {
            var hits = 0
            var addresses = 0
            var notices = 0
            /// Whether Order has nothing but the fact that there was such a customer.
            var isForgotten = false
        }

        private func traces(of ada: Traveller, _ admin: Person) async throws -> Traces {
            let tables = ada.system.tables
            try await ada.system.quiet()
            let customers = try await tables.rows(
                "order",
                """
                SELECT email || first_name || last_name AS words FROM customers
                WHERE user_id = '\(ada.id)'
                """)
            let addresses = try await tables.rows(
                "order", "SELECT city FROM customer_addresses WHERE user_id = '\(ada.id)'")
            let notices = try await tables.rows(
                "notification", "SELECT id FROM notices WHERE user_id = '\(ada.id)'")
            return Traces(
                hits: try await ada.system.search("Ada%20Tester0", by: admin).count,
                addresses: addresses.count, notices: notices.count,
                isForgotten: customers.map { $0["words"] } == [""])
        }

        /// One of each step; of log-ins, those that the owner should know of.
        private func expectNotices(of ada: Traveller) async throws {
            let expected = [
                "account_reactivated", "account_suspended", "email_verified", "mfa_changed",
                "password_changed", "password_changed", "password_reset", "recovery_code_used",
                "recovery_code_used", "recovery_code_used", "welcome",
            ]
            try await ada.system.quiet()
            let notices = try await ada.notices
            #expect(notices.sorted() == expected)
            let mails = try ada.system.mailbox.mails(to: ada.email)
            #expect(mails.count == expected.count)
            for mail in mails {
                #expect(mail.body.hasPrefix("Hello"), "\(mail.body)")
                #expect(!mail.body.contains(ada.password))
            }
        }

        private func expectTrail(of ada: Traveller, _ admin: Person) async throws {
            try await ada.system.quiet()
            let trail = try await admin.api.all("/api/v1/audit/events")
            let types = Set(trail.compactMap { $0["type"].string })
            let expected: Set = [
                "UserRegisteredEventV1", "UserEmailVerifiedEventV1", "UserLoggedInEventV1",
                "UserLoginFailedEventV1", "MfaStatusChangedEventV1", "UserAddressAddedEventV1",
                "UserPasswordChangedEventV1", "UserPasswordResetRequestedEventV1",
                "UserAccountStatusChangedEventV1", "UserSessionsEndedEventV1",
                "UserDeletedEventV1",
            ]
            #expect(expected.subtracting(types).isEmpty)
            let counts = Dictionary(grouping: trail.filter { $0["subjectId"].string == ada.id }) {
                $0["type"].string ?? ""
            }.mapValues(\.count)
            for (type, count) in [
                ("UserRegisteredEventV1", 1), ("UserEmailVerifiedEventV1", 1),
                ("MfaStatusChangedEventV1", 1), ("UserPasswordChangedEventV1", 2),
                ("UserPasswordResetRequestedEventV1", 1),
                ("UserAccountStatusChangedEventV1", 2), ("UserDeletedEventV1", 1),
                ("UserLoggedInEventV1", 5),
            ] {
                #expect(counts[type] == count, "\(type)")
            }
        }
    }
}
