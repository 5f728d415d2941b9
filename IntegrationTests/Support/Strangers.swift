/// Programs of others on the same topics, with Confluent's client and nothing of ours.
enum Strangers {
    /// Reads topics to their end: an object a record.
    static let reader = """
        import json, sys, time
        from confluent_kafka import Consumer
        consumer = Consumer({
            "bootstrap.servers": sys.argv[1], "group.id": "stranger-" + str(time.time()),
            "auto.offset.reset": "earliest", "session.timeout.ms": 6000})
        consumer.subscribe(sys.argv[2].split(","))
        last = time.monotonic() + 8
        while time.monotonic() < last:
            message = consumer.poll(0.2)
            if message is None or message.error():
                continue
            last = time.monotonic() + 1.5
            headers = {name: value.decode() for name, value in message.headers() or []}
            print(json.dumps({
                "topic": message.topic(), "key": (message.key() or b"").decode(),
                "headers": headers, "value": json.loads(message.value())}))
        consumer.close()
        """

    /// Writes a valid event of a type that is known, in both modes, and garbage of several kinds.
    static let writer = """
        import json, os, sys
        from confluent_kafka import Producer
        producer = Producer({"bootstrap.servers": sys.argv[1], "message.max.bytes": 2000000})
        def user(number):
            return {
                "userId": "0197eeee-0000-7000-8000-00000000000" + str(number),
                "email": "stranger" + str(number) + "@example.com", "firstName": "Stranger",
                "lastName": "Number" + str(number), "status": "active",
                "createdAt": "2026-01-02T03:04:05Z"}
        def attributes(number):
            return {
                "specversion": "1.0", "id": "stranger-" + str(number), "source": "urn:elsewhere",
                "type": "UserRegisteredEventV1", "subject": user(number)["userId"],
                "time": "2026-01-02T03:04:05Z"}
        def binary(number):
            headers = {"ce_" + name: value for name, value in attributes(number).items()}
            return dict(headers, **{"content-type": "application/json"})
        def send(value, headers, timestamp=0, key=b"stranger"):
            producer.produce(
                "user.events", key=key, value=value, headers=list(headers.items()),
                timestamp=timestamp)
        send(b"hello", {})
        send(json.dumps(user(1)), binary(1))
        send(
            json.dumps(dict(attributes(2), data=user(2))),
            {"content-type": "application/cloudevents+json"})
        send(b"{", dict(binary(3), ce_id="broken"))
        send(json.dumps(user(4)), dict(binary(4), ce_specversion="9.9"))
        send(os.urandom(1048000), dict(binary(5), ce_id="noise"))
        send(json.dumps(user(6)), dict(binary(6), ce_time="-0042-01-01T00:00:00Z"), timestamp=-42)
        send(json.dumps(user(7)), dict(binary(7), ce_type="UserRegisteredEventV9"))
        assert producer.flush(20) == 0
        """
}
