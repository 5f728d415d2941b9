import Events
import Foundation
import Storage
import Web

/// Brings a file of products into the catalogue, batch by batch; what is there already and is as
/// the file has it stays untouched and untold.
struct ProductImport: Sendable {
    let catalogue: Catalogue
    let isDryRun: Bool
    let heed: @Sendable (ImportNews) -> Void

    private static let chunkByteCount = 65_536

    /// What became of a batch.
    struct Outcome: Sendable {
        var faults: [ImportFault] = []
        var createdCount = 0
        var updatedCount = 0
        var unchangedCount = 0
    }

    /// Ends a transaction of which nothing may stay.
    private struct DryRun: Error { let outcome: Outcome }

    /// - Throws: ``ImportRefusal``; `StorageError`, after which the batches before stay.
    func run(_ path: String) async throws -> ImportProgress {
        let file: FileHandle
        do {
            file = try FileHandle(forReadingFrom: URL(filePath: path))
        } catch {
            throw ImportRefusal.unreadable("\(path) can't be read")
        }
        defer { try? file.close() }
        var progress = ImportProgress()
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        progress.byteCountTotal = (attributes?[.size] as? NSNumber)?.intValue ?? 0
        let categories = try await catalogue.database.read { transaction in
            Set(try CategoryStore().list(in: transaction).map(\.slug))
        }
        var reader = CSVReader()
        var reading = ImportReading(categories: categories)
        while let bytes = try chunk(of: file, path) {
            for record in reader.read(bytes) {
                try reading.take(record)
                if reading.isFull { try await commit(&reading, &progress) }
            }
            progress.byteCount += bytes.count
        }
        for record in reader.finish() { try reading.take(record) }
        guard reading.hasColumns else {
            throw ImportRefusal.columns(["the file is empty; its first line names the columns"])
        }
        try await commit(&reading, &progress)
        return progress
    }

    private func chunk(of file: FileHandle, _ path: String) throws -> Data? {
        do {
            let data = try file.read(upToCount: Self.chunkByteCount)
            return data?.isEmpty == true ? nil : data
        } catch {
            throw ImportRefusal.unreadable("\(path) can't be read")
        }
    }

    private func commit(
        _ reading: inout ImportReading, _ progress: inout ImportProgress
    ) async throws {
        let (groups, faults) = reading.takeBatch()
        let outcome = try await put(groups)
        for fault in (faults + outcome.faults).sorted(by: { $0.line < $1.line }) {
            heed(.fault(fault))
        }
        progress.lineCount = reading.lineCount
        progress.badLineCount += Set((faults + outcome.faults).map(\.line)).count
        progress.createdCount += outcome.createdCount
        progress.updatedCount += outcome.updatedCount
        progress.unchangedCount += outcome.unchangedCount
        heed(.progress(progress))
    }

    /// Puts a batch into the catalogue, in one transaction.
    private func put(_ groups: [ImportReading.Group]) async throws -> Outcome {
        guard !groups.isEmpty else { return Outcome() }
        var triesLeft = 3
        while true {
            do {
                return try await catalogue.database.write { transaction in
                    let outcome = try put(groups, in: transaction)
                    if isDryRun { throw DryRun(outcome: outcome) }
                    return outcome
                }
            } catch let dryRun as DryRun {
                return dryRun.outcome
            } catch CatalogueError.skuTaken where triesLeft > 0 {
                // Somebody took it meanwhile: the next look tells whose it is.
                triesLeft -= 1
            }
        }
    }

    private func put(
        _ groups: [ImportReading.Group], in transaction: Transaction
    ) throws -> Outcome {
        let store = catalogue.store
        let known = try store.imported(
            keys: groups.map(\.product), skus: groups.flatMap { $0.lines.map(\.sku) },
            in: transaction)
        let ids = groups.compactMap { known.product(of: $0) }
        let now = try catalogue.sharedNow(transaction)
        let products = Dictionary(
            try store.load(Array(Set(ids)), at: now, in: transaction).map { ($0.id, $0) },
            uniquingKeysWith: { first, _ in first })
        var outcome = Outcome()
        var changed = products
        for group in groups {
            let id = known.product(of: group)
            guard id == nil || products[id ?? ProductID()] != nil else {
                outcome.faults += group.lines.map {
                    ImportFault(
                        line: $0.number, column: "product", reason: "the product was deleted")
                }
                continue
            }
            var plan = ImportPlan(group, old: id.flatMap { changed[$0] }, known: known)
            let draft = plan.draft()
            outcome.faults += plan.faults
            guard let draft else { continue }
            if let old = plan.old {
                let new = try catalogue.change(old, to: draft, in: transaction)
                changed[old.id] = new
                if new.version == old.version {
                    outcome.unchangedCount += 1
                } else {
                    outcome.updatedCount += 1
                }
            } else {
                _ = try catalogue.create(draft, in: transaction)
                outcome.createdCount += 1
            }
        }
        return outcome
    }
}
