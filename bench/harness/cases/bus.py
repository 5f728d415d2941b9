"""The bus: from the outbox through the inboxes, and to a broker."""

import concurrent.futures
import shutil
import sqlite3

from ..processes import Failed, alternating, say
from ..samples import Line
from ..system import Broker, Postgres


def on_sqlite(workshop, size):
    events = size.count(20_000)
    runs = []

    def flotilla():
        directory = workshop.new_directory("bus")
        result = workshop.run_bench("bus", "--storage", f"sqlite:{directory}", "--events", events)
        runs.append(directory)
        for old in runs[:-1]:
            workshop.discard(old)
        del runs[:-1]
        return result["eventsPerSecond"]

    def component():
        directory = workshop.new_directory("replayed")
        result = workshop.run_bench("replay-events", "--from", runs[-1], "--into", directory)
        workshop.discard(directory)
        return result["eventsPerSecond"]

    flotilla()
    pairs = alternating(size.rounds(5), component, flotilla, "P5")
    workshop.discard(runs[-1])
    return [Line.ratio(
        "P5", "bus on SQLite, four consumers, events/s", pairs, 0.50,
        beside="plain SQLite writing the same rows in batches of 100")]


def on_postgres(workshop, size):
    postgres = Postgres(workshop)
    events = size.count(8_000)
    script = workshop.new_directory("pgbench") / "events.sql"
    script.write_text(insert_and_update(100))

    def flotilla(instances):
        # Who takes what is drawn by lot: one time in eight all of it falls to one of two, and the
        # lot is drawn again.
        for _ in range(8):
            try:
                return drawn(instances)
            except Failed as failure:
                if "never shared" not in str(failure):
                    raise
        raise Failed("no two instances ever shared the work")

    def drawn(instances):
        storage = postgres.make_database()
        arguments = ["--storage", storage, "--modules", 1]
        # The migrations come first, so that the instances do not race for them.
        workshop.run_bench("bus", *arguments, "--events", 1, "--prepare")
        others = [workshop.start([workshop.bench, "follow", *map(str, arguments)])
                  for _ in range(instances - 1)]
        try:
            return workshop.run_bench(
                "bus", *arguments, "--events", events, "--instances", instances)["eventsPerSecond"]
        finally:
            for other in others:
                workshop.stop(other)
            postgres.drop_database(storage)

    def component():
        storage = postgres.make_database()
        workshop.run_bench("bus", "--storage", storage, "--modules", 1, "--events", 1, "--prepare")
        postgres.psql("ALTER TABLE source.outbox_events ADD COLUMN done_at timestamptz", storage)
        _, done = timed = postgres.pgbench(
            # Its first hundreds prepare the statements, which the other side has behind it.
            storage, script, 2, transactions=max(1, events // 40))
        count = int(postgres.psql(
            "SELECT COUNT(*) FROM source.outbox_events WHERE done_at IS NOT NULL", storage))
        if count != done * 100:
            raise Failed(f"pgbench left {count} rows after {done} transactions of 100")
        postgres.drop_database(storage)
        return timed[0] * 100

    component(), flotilla(1), flotilla(2)
    one, two, gain = [], [], []
    for number in range(size.rounds(5)):
        base, alone, together = component(), flotilla(1), flotilla(2)
        say(f"P6 round {number + 1}: pgbench {base:.0f}, one {alone:.0f}, two {together:.0f}")
        one.append((base, alone))
        two.append((base, together))
        gain.append((alone, together))
    postgres.stop()
    beside = "pgbench: INSERT, then UPDATE of the same rows, batches of 100, a round trip a row"
    return [
        Line.ratio("P6", "bus on PostgreSQL, four consumers, events/s", one, 0.40, beside=beside),
        Line.ratio("P6-2", "the same with two instances", two, 0.40, beside=beside),
        Line.ratio("P6-3", "two instances against one", gain, 1.0, beside="one instance"),
    ]


def insert_and_update(count):
    """The rows of the log, inserted in one transaction and marked as done in another."""
    text = "what an event has to tell " * 7
    lines = ["\\set first random(1, 1000000000000)", "BEGIN;"]
    for number in range(count):
        id = f"lpad(to_hex(:first::bigint), 24, '0') || lpad('{number:x}', 8, '0')"
        lines.append(
            "INSERT INTO source.outbox_events (event_id, type, topic, key, time, correlation_id,"
            f" transaction_id, data) VALUES (({id})::uuid, 'BenchHappenedEventV1',"
            f" 'bench.events', 'key-{number}', now(), ({id}), ({id})::uuid,"
            f" '{{\"key\"\\:\"key-{number}\"}}');".replace(
                f'{{"key"\\:"key-{number}"}}', payload(number, text)))
    lines += ["COMMIT;", "BEGIN;"]
    for number in range(count):
        id = f"lpad(to_hex(:first::bigint), 24, '0') || lpad('{number:x}', 8, '0')"
        lines.append(
            f"UPDATE source.outbox_events SET done_at = now() WHERE event_id = ({id})::uuid;")
    return "\n".join(lines + ["COMMIT;"]) + "\n"


def payload(number, text):
    # A colon before a quotation mark is no variable of pgbench.
    return f'{{"key": "key-{number}", "number": {number}, "text": "{text}"}}'


def latency(workshop, size):
    events = size.count(4_000)
    lines = {name: [] for name in ("in p50", "in p99", "kafka p50", "kafka p99")}
    for number in range(size.rounds(3)):
        directory = workshop.new_directory("latency")
        inside = workshop.run_bench(
            "latency", "--storage", f"sqlite:{directory}", "--events", events,
            "--consumers", 1, "--modules", 1)
        workshop.discard(directory)
        broker, directory = Broker(workshop), workshop.new_directory("latency")
        kafka = workshop.run_bench(
            "latency", "--storage", f"sqlite:{directory}", "--events", events,
            "--consumers", 1, "--modules", 1, "--brokers", broker.address,
            "--properties", Broker.PROPERTIES, environment=Broker.environment())
        broker.stop()
        workshop.discard(directory)
        for result in (inside, kafka):
            if abs(result["rate"] - 500) > 25:
                raise Failed(f"500 events a second were meant, {result['rate']:.0f} published")
        say(f"P7 round {number + 1}: in process {inside}, over Kafka {kafka}")
        for name, result in (("in", inside), ("kafka", kafka)):
            for quantile in ("p50", "p99"):
                lines[f"{name} {quantile}"].append(result[quantile])
    goals = {"in p50": 5, "in p99": 25, "kafka p50": 15, "kafka p99": 60}
    titles = {"in": "in process", "kafka": "over Kafka"}
    return [
        Line(f"P7-{index}", f"commit to handled at 500/s, {titles[name.split()[0]]},"
             f" {name.split()[1]}", lines[name], goals[name], False, "ms",
             note=Broker.PROPERTIES if "kafka" in name else "")
        for index, name in enumerate(goals, start=1)
    ]


def relay(workshop, size):
    # A broker that has just started takes half a second to be as fast as it will be.
    events = size.count(200_000)
    environment = Broker.environment()

    def with_broker(*arguments):
        broker = Broker(workshop)
        try:
            return workshop.run_bench(
                *arguments, "--brokers", broker.address, "--events", events,
                environment=environment)["eventsPerSecond"]
        finally:
            broker.stop()

    def flotilla():
        directory = workshop.new_directory("relay")
        rate = with_broker("relay", "--storage", f"sqlite:{directory}")
        workshop.discard(directory)
        return rate

    pairs = alternating(size.rounds(5), lambda: with_broker("produce"), flotilla, "P8")
    return [Line.ratio(
        "P8", "relay to Kafka, acks=all, events/s", pairs, 0.50,
        beside="librdkafka's producer, same messages")]


def long_past(workshop, size):
    directories = {}
    for name, past in (("short", size.count(10_000)), ("long", size.count(10_000_000))):
        directories[name] = workshop.new_directory(name)
        arguments = ["--storage", f"sqlite:{directories[name]}", "--consumers", 1, "--modules", 1]
        workshop.run_bench("bus", *arguments, "--events", 500)
        say(f"P9: filling in {past} past events")
        fill(directories[name], past)
    first, count = 100_000_000, size.count(40_000)

    def cost(name):
        nonlocal first
        first += 1_000_000
        result = workshop.run_bench(
            "bus", "--storage", f"sqlite:{directories[name]}", "--consumers", 1, "--modules", 1,
            "--first", first, "--events", count)
        return result["seconds"] / count * 1e6

    pairs = alternating(size.rounds(7), lambda: cost("short"), lambda: cost("long"), "P9")
    for directory in directories.values():
        shutil.rmtree(directory)
    return [Line.ratio(
        "P9", "cost of an event at 10 million past ones", pairs, 1.15, is_more_better=False,
        absolute_unit="µs", beside="at 10 thousand past ones")]


def unsafely(path):
    """Open for filling: nobody would miss the rows if the machine went down meanwhile."""
    connection = sqlite3.connect(path, isolation_level=None)
    for setting in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -200000"):
        connection.execute(f"PRAGMA {setting}")
    return connection


def fill(directory, count):
    """Past events, published and handled, as if they had come one after the other."""
    with concurrent.futures.ThreadPoolExecutor() as threads:
        head = threads.submit(fill_log, directory / "source.sqlite", count)
        found = threads.submit(fill_inbox, directory / "sink1.sqlite", count)
        if found.result() != head.result() + count:
            raise Failed(f"{found.result()} past events are recorded, not {count} more")


NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"


def fill_log(path, count):
    log = unsafely(path)
    head = log.execute("SELECT MAX(position) FROM outbox_events").fetchone()[0]
    log.execute(
        f"{NUMBERS} INSERT INTO outbox_events (position, event_id, type, topic, key, time,"
        " correlation_id, transaction_id, data)"
        " SELECT ? + i, printf('%08x-0000-7000-8000-%012x', i, i), e.type, e.topic,"
        " 'key-' || (i % 1000), e.time, e.correlation_id, e.transaction_id, '{\"past\":true}'"
        " FROM n, (SELECT * FROM outbox_events WHERE position = ?) AS e",
        (count, head, head))
    log.execute("PRAGMA journal_mode = WAL")
    log.close()
    return head


def fill_inbox(path, count):
    inbox = unsafely(path)
    consumer, log, head, at = inbox.execute(
        "SELECT consumer, log, MAX(position), handled_at FROM inbox_handled").fetchone()
    inbox.execute(
        f"{NUMBERS} INSERT INTO inbox_handled (consumer, log, position, attempts, handled_at,"
        " duration_us, outcome) SELECT ?, ?, ? + i, 1, ?, 30, 'handled' FROM n",
        (count, consumer, log, head, at))
    inbox.execute("UPDATE inbox_cursors SET position = ?", (head + count,))
    inbox.execute("UPDATE inbox_marks SET position = ?", (head + count,))
    found = inbox.execute("SELECT COUNT(*) FROM inbox_handled").fetchone()[0]
    inbox.execute("PRAGMA journal_mode = WAL")
    inbox.close()
    return found
