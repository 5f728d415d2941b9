import CKafka
import EventBus
import Events
import Foundation
import Logging
import Metrics
import Storage
import Synchronization

// MARK: - Assignments

extension KafkaReceiver {
    func heed(_ rebalance: Rebalance) async throws {
        guard rebalance.isAssignment else {
            commit(rebalance.partitions)
            state.withLock { state in
                for partition in rebalance.partitions { state.partitions[partition] = nil }
            }
            try assign(rebalance.partitions.map { ($0, nil) }, rebalance)
            return
        }
        state.withLock { $0.wasAssigned = true }
        var places: [(partition: Partition, offset: Int64?)] = []
        for partition in rebalance.partitions {
            let place = try await retrying { [intake] in
                try await intake.place(in: partition.stream)
            }
            let reading = Reading(
                next: place?.next ?? 0, unverified: place?.fingerprint,
                fingerprint: place?.fingerprint)
            state.withLock { $0.partitions[partition] = reading }
            places.append((partition, Self.start(of: reading)))
        }
        try assign(places, rebalance)
        // librdkafka keeps a pause of ours over another's assignment.
        _ = Self.withList(of: places.map { ($0.partition, nil) }) {
            rd_kafka_resume_partitions(client.handle, $0)
        }
        logger.info(
            "partitions assigned",
            metadata: [
                "streams": "\(rebalance.partitions.map(\.stream).sorted().joined(separator: " "))"
            ])
    }

    private static func start(of reading: Reading) -> Int64 {
        if reading.unverified != nil { return reading.next - 1 }
        return reading.next > 0 ? reading.next : Int64(RD_KAFKA_OFFSET_BEGINNING)
    }

    private func assign(
        _ places: [(partition: Partition, offset: Int64?)], _ rebalance: Rebalance
    ) throws {
        // An operator may have chosen a strategy of the older kind.
        let isCooperative =
            String(cString: rd_kafka_rebalance_protocol(client.handle)) == "COOPERATIVE"
        if isCooperative {
            let error = Self.withList(of: places) { list in
                rebalance.isAssignment
                    ? rd_kafka_incremental_assign(client.handle, list)
                    : rd_kafka_incremental_unassign(client.handle, list)
            }
            guard let error else { return }
            defer { rd_kafka_error_destroy(error) }
            throw KafkaError(rd_kafka_error_code(error), "assignment")
        }
        let result = Self.withList(of: places) { list in
            rd_kafka_assign(client.handle, rebalance.isAssignment ? list : nil)
        }
        guard result == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaError(result, "assignment") }
    }
}

// MARK: - Messages

extension KafkaReceiver {
    func take(_ messages: [CloudEventRecord.Incoming]) async throws {
        let byPartition = Dictionary(grouping: messages) {
            Partition(topic: $0.topic.rawValue, number: $0.partition)
        }
        for (partition, messages) in byPartition {
            try await take(messages, of: partition)
        }
    }

    private func take(
        _ messages: [CloudEventRecord.Incoming], of partition: Partition
    ) async throws {
        // One that was taken from us meanwhile is another's.
        guard var reading = state.withLock({ $0.partitions[partition] }) else { return }
        var items: [ReceivedPiece.Item] = []
        for message in messages {
            let item = CloudEventRecord.item(of: message)
            switch Self.judge(item, &reading) {
            case .take:
                items.append(item)
                reading.next = item.offset + 1
                reading.fingerprint = item.fingerprint
            case .skip:
                break
            case .lookAgain:
                try await store(items, of: partition, reading)
                return try await seek(partition, in: reading, to: reading.next - 1)
            case .beginAnew:
                try await store(items, of: partition, reading)
                return try await beginAnew(partition)
            }
        }
        try await store(items, of: partition, reading)
    }

    private enum Judgement { case take, skip, lookAgain, beginAnew }

    private static func judge(
        _ item: ReceivedPiece.Item, _ reading: inout Reading
    ) -> Judgement {
        if let expected = reading.unverified {
            if item.offset < reading.next - 1 { return .beginAnew }
            reading.unverified = nil
            if item.offset == reading.next - 1 {
                return item.fingerprint == expected ? .skip : .beginAnew
            }
            // The one before is gone; the broker keeps messages for a while only.
            return .take
        }
        if reading.isInDoubt {
            reading.isInDoubt = false
            if reading.fingerprint != nil {
                reading.unverified = reading.fingerprint
                return .lookAgain
            }
        }
        return item.offset < reading.next ? .beginAnew : .take
    }

    /// Stores what was taken, however long the database is away: what was polled comes only once.
    private func store(
        _ items: [ReceivedPiece.Item], of partition: Partition, _ reading: Reading
    ) async throws {
        if !items.isEmpty {
            let piece = ReceivedPiece(
                topic: Topic(rawValue: partition.topic), partition: partition.number, items: items)
            try await retrying { [intake] in try await intake.take(piece) }
        }
        keep(reading, of: partition)
    }

    private func beginAnew(_ partition: Partition) async throws {
        logger.error(
            "the broker's partition is another one; it is read from its beginning",
            metadata: ["stream": "\(partition.stream)"])
        try await retrying { [intake] in try await intake.restart(partition.stream) }
        let reading = Reading(next: 0)
        try await seek(partition, in: reading, to: Int64(RD_KAFKA_OFFSET_BEGINNING))
    }

    private func seek(
        _ partition: Partition, in reading: Reading, to offset: Int64
    ) async throws {
        keep(reading, of: partition)
        try await thread.run { [client] in
            try Self.withList(of: [(partition, offset)]) { list in
                var code = RD_KAFKA_RESP_ERR_NO_ERROR
                if let error = rd_kafka_seek_partitions(client.handle, list, 10_000) {
                    code = rd_kafka_error_code(error)
                    rd_kafka_error_destroy(error)
                } else if let list {
                    // The call as a whole may succeed, and this partition not.
                    code = list.pointee.elems[0].err
                }
                guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
                    throw KafkaError(code, "seek in \(partition.stream)")
                }
            }
        }
    }

    /// Tries again until it succeeds or the process ends: a database that is away comes back.
    private func retrying<T: Sendable>(
        _ body: @Sendable () async throws -> T
    ) async throws -> T {
        var delay = Duration.milliseconds(50)
        while true {
            do {
                return try await body()
            } catch let error as StorageError
                where error.isTransient || error.kind == .conflict
            {
                guard !intake.isStopping else { throw CancellationError() }
                logger.warning("what came can't be stored yet", error: error)
                try await Task.sleep(for: delay)
                delay = min(delay * 2, .seconds(5))
            }
        }
    }
}

// MARK: - Now and then

extension KafkaReceiver {
    /// Pauses partitions of which much waits here already, tells the group how far we are, and
    /// measures the lag.
    func lookAround() async throws {
        let now = ContinuousClock.now
        let isTime = state.withLock { state in
            guard now - state.lookedAt >= Self.lookInterval else { return false }
            state.lookedAt = now
            return true
        }
        guard isTime else { return }
        let backlog = try await retrying { [intake] in try await intake.backlog() }
        for partition in partitions {
            let waiting = backlog[partition.stream] ?? 0
            let isPaused = state.withLock { $0.partitions[partition]?.isPaused ?? false }
            if !isPaused, waiting > settings.backlogCountMax {
                pause(partition, true)
            } else if isPaused, waiting < settings.backlogCountMax / 2 {
                pause(partition, false)
            }
            Gauge(
                label: "flotilla.kafka.consumer_lag_events",
                dimensions: [
                    ("module", intake.module), ("topic", partition.topic),
                    ("partition", "\(partition.number)"),
                ]
            ).record(lag(of: partition))
        }
        commit(partitions)
        try await verifyRegularly()
    }

    /// A topic that was deleted and made anew, and is longer by now than what was read of the old
    /// one, looks as if nothing had happened.
    private func verifyRegularly() async throws {
        let now = ContinuousClock.now
        let readings = state.withLock { state -> [(Partition, Reading)] in
            guard now - state.verifiedAt >= Self.verificationInterval else { return [] }
            state.verifiedAt = now
            return state.partitions.filter { !$0.value.isPaused && $0.value.fingerprint != nil }
                .map { ($0, $1) }
        }
        for (partition, reading) in readings {
            var reading = reading
            reading.unverified = reading.fingerprint
            try await seek(partition, in: reading, to: reading.next - 1)
        }
    }

    private func pause(_ partition: Partition, _ isPaused: Bool) {
        let result = Self.withList(of: [(partition, nil)]) { list in
            isPaused
                ? rd_kafka_pause_partitions(client.handle, list)
                : rd_kafka_resume_partitions(client.handle, list)
        }
        guard result == RD_KAFKA_RESP_ERR_NO_ERROR else { return }
        state.withLock { $0.partitions[partition]?.isPaused = isPaused }
        logger.info(
            isPaused ? "partition paused: consumers are behind" : "partition resumed",
            metadata: ["stream": "\(partition.stream)"])
    }

    func commit(_ partitions: [Partition]) {
        let places = state.withLock { state in
            partitions.compactMap { partition -> (partition: Partition, offset: Int64?)? in
                guard let next = state.partitions[partition]?.next, next > 0 else { return nil }
                return (partition, next)
            }
        }
        guard !places.isEmpty else { return }
        // Nothing depends on it.
        _ = Self.withList(of: places) { rd_kafka_commit(client.handle, $0, 1) }
    }
}
