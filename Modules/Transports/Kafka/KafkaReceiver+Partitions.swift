import CKafka
import Synchronization

extension KafkaReceiver {
    /// Hands librdkafka a list of partitions with offsets, where there are any.
    static func withList<T>(
        of places: [(partition: Partition, offset: Int64?)],
        _ body: (UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?) throws -> T
    ) rethrows -> T {
        let list = rd_kafka_topic_partition_list_new(Int32(places.count))
        defer { rd_kafka_topic_partition_list_destroy(list) }
        for (partition, offset) in places {
            let entry = rd_kafka_topic_partition_list_add(
                list, partition.topic, partition.number)
            if let offset { entry?.pointee.offset = offset }
        }
        return try body(list)
    }

    /// Remembers how far a partition was taken, unless it is another's by now. Whether it is paused
    /// is decided elsewhere.
    func keep(_ reading: Reading, of partition: Partition) {
        state.withLock { state in
            guard let old = state.partitions[partition] else { return }
            var new = reading
            new.isPaused = old.isPaused
            state.partitions[partition] = new
        }
    }
}
