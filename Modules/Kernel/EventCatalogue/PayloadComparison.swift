/// Walks through two versions of a payload side by side.
struct PayloadComparison {
    let old: AsyncAPIDocument
    let new: AsyncAPIDocument
    var changes: [PayloadChange] = []

    /// Pairs of references that were followed; a type that contains itself is compared once.
    private var followed: Set<[PayloadSchema.Shape]> = []

    init(old: AsyncAPIDocument, new: AsyncAPIDocument) {
        self.old = old
        self.new = new
    }

    /// Adds the differences at a place and below it.
    ///
    /// - Throws: ``EventCatalogueError/danglingReference(_:)``.
    mutating func compare(
        _ before: PayloadSchema.Shape, _ after: PayloadSchema.Shape, at path: String = ""
    ) throws {
        if isReference(before) || isReference(after) {
            guard followed.insert([before, after]).inserted else { return }
        }
        let place = path.isEmpty ? "the payload" : path
        switch (try old.resolve(before), try new.resolve(after)) {
        case (.scalar(let before), .scalar(let after)):
            compare(before, after, at: place)
        case (.array(let before), .array(let after)):
            try compare(before, after, at: path + "[]")
        case (.map(let before), .map(let after)):
            try compare(before, after, at: path + "{}")
        case (.nullable(let before), .nullable(let after)):
            try compare(before, after, at: path)
        case (.object(let before), .object(let after)):
            try compare(before, after, at: path)
        case (let before, let after):
            changes.append(.reshaped(place, from: before, to: after))
        }
    }

    private mutating func compare(
        _ before: PayloadSchema.Scalar, _ after: PayloadSchema.Scalar, at place: String
    ) {
        let isSameKind =
            before.kind == after.kind && before.format == after.format
            && before.contentEncoding == after.contentEncoding
            && before.values.isEmpty == after.values.isEmpty
        guard isSameKind else {
            changes.append(.reshaped(place, from: .scalar(before), to: .scalar(after)))
            return
        }
        for value in before.values where !after.values.contains(value) {
            changes.append(.removedValue(place, value))
        }
        for value in after.values where !before.values.contains(value) {
            changes.append(.newValue(place, value))
        }
    }

    private mutating func compare(
        _ before: [String: PayloadSchema.Field], _ after: [String: PayloadSchema.Field],
        at path: String
    ) throws {
        for name in Set(before.keys).union(after.keys).sorted() {
            let place = path.isEmpty ? name : "\(path).\(name)"
            switch (before[name], after[name]) {
            case (let before?, let after?):
                if !before.isRequired, after.isRequired { changes.append(.nowRequired(place)) }
                if before.isRequired, !after.isRequired { changes.append(.nowOptional(place)) }
                try compare(before.shape, after.shape, at: place)
            case (let before?, nil):
                changes.append(.removedField(place, wasRequired: before.isRequired))
            case (nil, let after?):
                changes.append(.newField(place, isRequired: after.isRequired))
            case (nil, nil):
                break
            }
        }
    }

    private func isReference(_ shape: PayloadSchema.Shape) -> Bool {
        if case .reference = shape { true } else { false }
    }
}
