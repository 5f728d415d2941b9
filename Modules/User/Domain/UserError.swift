import HTTPTypes
import Web

/// What User refuses.
enum UserError: Error, Hashable {
    case emailTaken
    case wrongCredentials
    case suspended
    case emailNotVerified
    case wrongPassword
    case wrongCode
    case reauthenticationRequired
    case tokenSpent
    case sameEmail
    case factorOn
    case factorOff
    case factorRequired
    case addressNotFound
    case tooManyAddresses
    case apiKeyNotFound
    case wrongAPIKey
    case refreshTokenSpent
    case sessionNotFound
    case lastAdministrator
    case notAdministrator
    case ownRoles
    case roleExists
    case roleNotFound
    case notFound
}

extension UserError: Refusal {
    var answer: (code: String, status: HTTPResponse.Status, detail: String) {
        switch self {
        case .emailTaken:
            ("user.email_taken", .conflict, "an account with this e-mail address exists")
        case .wrongCredentials:
            ("auth.wrong_credentials", .unauthorized, "e-mail address or password is wrong")
        case .suspended:
            ("auth.suspended", .forbidden, "this account is suspended")
        case .emailNotVerified:
            (
                "auth.email_not_verified", .forbidden,
                "the e-mail address is not confirmed; the link in the welcome mail does that"
            )
        case .wrongCode:
            ("auth.wrong_code", .unauthorized, "the code is wrong, was used, or is too old")
        case .reauthenticationRequired:
            (
                "auth.reauthentication_required", .forbidden,
                "this needs a log-in of the last five minutes, or the current password, and the"
                    + " second factor where there is one"
            )
        case .tokenSpent:
            ("auth.token_invalid", .badRequest, "the token was used, has ended, or never was")
        case .sameEmail:
            ("user.same_email", .conflict, "this is the account's e-mail address already")
        case .factorOn:
            ("mfa.enabled", .conflict, "the second factor is on; turn it off first")
        case .factorOff:
            ("mfa.not_enrolled", .conflict, "there is no second factor; enrol one first")
        case .factorRequired:
            (
                "mfa.required", .conflict,
                "administrators need a second factor; give the role away first"
            )
        case .addressNotFound:
            ("address.not_found", .notFound, "there is no such address")
        case .tooManyAddresses:
            (
                "address.too_many", .conflict,
                "an account has at most \(AddressStore.countMax) addresses"
            )
        case .apiKeyNotFound:
            ("api_key.not_found", .notFound, "there is no such key")
        case .wrongAPIKey:
            ("auth.wrong_api_key", .unauthorized, "the API key is not valid")
        case .wrongPassword:
            ("user.wrong_password", .forbidden, "the current password is wrong")
        case .refreshTokenSpent:
            ("auth.refresh_token_spent", .unauthorized, "the refresh token is not valid")
        case .lastAdministrator:
            (
                "user.last_administrator", .conflict,
                "this is the last administrator; make another one first"
            )
        case .notAdministrator:
            ("auth.forbidden", .forbidden, "only administrators act on administrators")
        case .ownRoles:
            ("user.own_roles", .forbidden, "nobody changes their own roles")
        case .roleExists:
            ("role.exists", .conflict, "there is a role of this name")
        case .roleNotFound:
            ("role.not_found", .notFound, "there is no such role")
        case .sessionNotFound:
            ("session.not_found", .notFound, "there is no such session")
        case .notFound:
            ("user.not_found", .notFound, "there is no such user")
        }
    }
}
