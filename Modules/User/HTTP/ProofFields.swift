import Web

extension Fields {
    /// What shows once more who somebody is; each part may be missing.
    mutating func proof() -> Proof {
        Proof(
            currentPassword: has("currentPassword")
                ? Password(secret("currentPassword", length: 1...256)) : nil,
            code: factorCode())
    }

    /// `totp` or `recoveryCode`; `nil` when neither is there.
    mutating func factorCode() -> FactorCode? {
        if let code = optionalString("totp", length: 1...64) {
            if has("recoveryCode") { reject("recoveryCode", "must not be sent with totp") }
            return .totp(code)
        }
        return optionalString("recoveryCode", length: 1...64).map { .recovery($0) }
    }

    /// `totp` or `recoveryCode`, one of which must be there.
    mutating func requiredFactorCode() -> FactorCode? {
        let code = factorCode()
        if code == nil { reject("totp", "this field, or recoveryCode, is required") }
        return code
    }
}

extension WebRequest {
    /// A proof that is the whole body, or no body.
    func proof() throws -> Proof {
        body.isEmpty ? Proof() : try decode { $0.proof() }
    }

    /// A token as a mail brought it.
    func mailedToken() throws -> OneTimeToken {
        OneTimeToken(try decode { $0.secret("token", length: 1...200) })
    }
}
