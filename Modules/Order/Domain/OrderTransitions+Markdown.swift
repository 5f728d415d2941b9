/// The table as people read it; docs/guides/order-states.md is its text.
extension OrderTransitions {
    /// The guide: a drawing of the moves, and every pair.
    static var markdown: String {
        """
        # The states of an order

        Written from the table in `Modules/Order/Domain/OrderTransitions.swift`; a test compares
        them. The order, its payment and its fulfilment are told apart: this is the order's axis.

        ```mermaid
        \(mermaid)
        ```

        ## Every state with every occurrence

        `→ state` moves the order on; *stays* leaves it and notes why in its timeline; a code is
        the refusal of a command.

        \(Occurrence.allCases.map(section).joined(separator: "\n\n"))

        """
    }

    /// The moves as a state diagram.
    static var mermaid: String {
        var lines = ["stateDiagram-v2", "    [*] --> \(OrderState.pending.rawValue)"]
        for state in OrderState.allCases {
            for occurrence in Occurrence.allCases {
                for target in targets(of: outcome(of: occurrence, in: state)) {
                    lines.append(
                        "    \(state.rawValue) --> \(target.rawValue): \(occurrence.rawValue)")
                }
            }
        }
        return lines.joined(separator: "\n")
    }

    private static func targets(of outcome: Outcome) -> [OrderState] {
        switch outcome {
        case .move(let state): [state]
        case .stays, .refuse: []
        case .either(_, let then, let otherwise): targets(of: then) + targets(of: otherwise)
        }
    }

    private static func section(of occurrence: Occurrence) -> String {
        let rows = OrderState.allCases.map { state in
            "| `\(state.rawValue)` | \(words(for: outcome(of: occurrence, in: state))) |"
        }
        return (["### \(occurrence.rawValue)", "", "| in | becomes |", "|---|---|"] + rows)
            .joined(separator: "\n")
    }

    private static func words(for outcome: Outcome) -> String {
        switch outcome {
        case .move(let state): "→ `\(state.rawValue)`"
        case .stays(let note): "*stays*: \(note.rawValue)"
        case .refuse(let refusal): "`\(refusal.rawValue)`"
        case .either(let question, let then, let otherwise):
            "if \(question.rawValue): \(words(for: then)); else \(words(for: otherwise))"
        }
    }
}
