import HTTPTypes
import Web

/// What User refuses.
enum UserError: Error, Hashable {
    case emailTaken
    case wrongCredentials
    case suspended
    case wrongPassword
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
            ("auth.forbidden", .forbidden, "only administrators give or take this role")
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
