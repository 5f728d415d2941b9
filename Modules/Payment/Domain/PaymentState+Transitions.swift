extension PaymentState {
    /// The one table of transitions: every state on every occurrence.
    ///
    /// Who says so – an answer, a webhook, a question, an administrator – makes no difference. The
    /// money has the last word: a provider that took it is believed in every state.
    func verdict(on kind: PaymentOccurrence.Kind) -> Verdict {
        switch self {
        case .initiated: onInitiated(kind)
        case .processing: onProcessing(kind)
        case .unknown: onUnknown(kind)
        case .authorized: onAuthorized(kind)
        case .failed: onFailed(kind)
        case .voided, .expired: onLetGo(kind)
        case .completed, .partiallyRefunded: onTaken(kind)
        case .refunding: onRefunding(kind)
        case .refunded: onRefunded(kind)
        }
    }

    private func onInitiated(_ kind: PaymentOccurrence.Kind) -> Verdict {
        switch kind {
        case .started: .goes(.processing)
        case .notSent: .stays(.repeated)
        case .authorized: .goes(.authorized)
        case .captured: .goes(.completed)
        case .declined: .goes(.failed)
        case .unknown: .refused(.notStarted)
        case .captureSent, .voided, .expired: .refused(.notAuthorized)
        case .refundStarted, .refunded, .refundFailed: .refused(.notCaptured)
        }
    }

    private func onProcessing(_ kind: PaymentOccurrence.Kind) -> Verdict {
        switch kind {
        case .started: .stays(.repeated)
        case .notSent: .goes(.initiated)
        case .authorized: .goes(.authorized)
        case .captured: .goes(.completed)
        case .declined: .goes(.failed)
        case .unknown: .goes(.unknown)
        // The word that it was authorized was overtaken by this one.
        case .voided: .goes(.voided)
        case .expired: .goes(.expired)
        case .captureSent: .refused(.notAuthorized)
        case .refundStarted, .refunded, .refundFailed: .refused(.notCaptured)
        }
    }

    private func onUnknown(_ kind: PaymentOccurrence.Kind) -> Verdict {
        switch kind {
        case .started, .unknown: .stays(.repeated)
        case .notSent: .stays(.overtaken)
        case .authorized: .goes(.authorized)
        case .captured: .goes(.completed)
        case .declined: .goes(.failed)
        case .voided: .goes(.voided)
        case .expired: .goes(.expired)
        case .captureSent: .refused(.notAuthorized)
        case .refundStarted, .refunded, .refundFailed: .refused(.notCaptured)
        }
    }

    private func onAuthorized(_ kind: PaymentOccurrence.Kind) -> Verdict {
        switch kind {
        case .started, .authorized: .stays(.repeated)
        case .notSent, .unknown: .stays(.overtaken)
        case .captureSent: .stays(.underWay)
        case .captured: .goes(.completed)
        case .declined: .goes(.failed)
        case .voided: .goes(.voided)
        case .expired: .goes(.expired)
        case .refundStarted, .refunded, .refundFailed: .refused(.notCaptured)
        }
    }

    private func onFailed(_ kind: PaymentOccurrence.Kind) -> Verdict {
        switch kind {
        case .started, .declined: .stays(.repeated)
        case .notSent, .unknown, .voided, .expired: .stays(.overtaken)
        // Given up as never arrived, and it had arrived after all.
        case .authorized: .goes(.authorized)
        case .captured: .goes(.completed)
        case .captureSent: .refused(.notAuthorized)
        case .refundStarted, .refunded, .refundFailed: .refused(.notCaptured)
        }
    }

    private func onLetGo(_ kind: PaymentOccurrence.Kind) -> Verdict {
        switch kind {
        case .started, .voided, .expired: .stays(.repeated)
        case .notSent, .unknown, .authorized: .stays(.overtaken)
        case .declined: .stays(.contradicted)
        case .captured: .goes(.completed)
        case .captureSent: .refused(.notAuthorized)
        case .refundStarted, .refunded, .refundFailed: .refused(.notCaptured)
        }
    }

    private func onTaken(_ kind: PaymentOccurrence.Kind) -> Verdict {
        switch kind {
        case .started, .captured: .stays(.repeated)
        case .notSent, .unknown, .authorized: .stays(.overtaken)
        case .declined, .voided, .expired: .stays(.contradicted)
        case .captureSent: .refused(.notAuthorized)
        case .refundStarted: .settles
        case .refunded, .refundFailed: .refused(.refundNotStarted)
        }
    }

    private func onRefunding(_ kind: PaymentOccurrence.Kind) -> Verdict {
        switch kind {
        case .started, .captured: .stays(.repeated)
        case .notSent, .unknown, .authorized: .stays(.overtaken)
        case .declined, .voided, .expired: .stays(.contradicted)
        case .captureSent: .refused(.notAuthorized)
        case .refundStarted, .refunded, .refundFailed: .settles
        }
    }

    private func onRefunded(_ kind: PaymentOccurrence.Kind) -> Verdict {
        switch kind {
        case .started, .captured: .stays(.repeated)
        case .notSent, .unknown, .authorized: .stays(.overtaken)
        case .declined, .voided, .expired: .stays(.contradicted)
        case .captureSent: .refused(.notAuthorized)
        case .refundStarted: .refused(.exceedsCaptured)
        case .refunded, .refundFailed: .refused(.refundNotStarted)
        }
    }
}
