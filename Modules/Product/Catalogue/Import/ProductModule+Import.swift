import Events
import Foundation

extension ProductModule {
    /// Brings a CSV file of products into the catalogue; for the command line.
    ///
    /// Good lines are imported in transactions of some hundred, bad ones are passed over and told.
    /// What the file has as it is already stays untouched.
    ///
    /// - Parameters:
    ///   - path: the file.
    ///   - isDryRun: whether nothing of it may stay.
    ///   - heed: called in the order of the file with bad lines, and after each transaction.
    /// - Returns: what came of it.
    /// - Throws: ``ImportRefusal``; `StorageError`, after which what was imported before stays.
    public func importProducts(
        from path: String, isDryRun: Bool = false, heed: @escaping @Sendable (ImportNews) -> Void
    ) async throws -> ImportProgress {
        guard let part = parts.lazy.compactMap({ $0 as? CataloguePart }).first else {
            throw ImportRefusal.unreadable("there is no catalogue")
        }
        return try await ProductImport(
            catalogue: part.catalogue, isDryRun: isDryRun, heed: heed
        ).run(path)
    }

    /// The columns that a file may have, those first that it must have; attributes besides.
    public static var importColumns: (required: [String], optional: [String]) {
        let all = ImportColumns.Column.allCases
        return (
            all.filter(\.isRequired).map(\.rawValue),
            all.filter { !$0.isRequired }.map(\.rawValue)
        )
    }
}
