"""The bus: from the outbox through the inboxes, and to a broker."""

import concurrent.futures
import os
import shutil
import sqlite3

from ..processes import Failed, alternating, say
from ..samples import Line
from ..system import NUMBERS, Broker, Postgres


def on_sqlite(workshop, size):
    events = size.count(40_000)
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
    return [Line.ratio(
        "P5", "bus on SQLite, four consumers, events/s", pairs, 0.50,
        beside="plain SQLite writing the same rows in batches of 100, on one thread",
        setup={"events": events})]


def on_postgres(workshop, size):
    postgres = Postgres(workshop)
    events = size.count(16_000)
    script = workshop.new_directory("pgbench") / "events.sql"
    script.write_text(insert_and_update(100))

    def prepare(storage):
        workshop.run([workshop.bench, "bus", "--storage", storage, "--modules", "1",
                      "--events", "1", "--prepare"])

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
        prepare(storage)
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
        prepare(storage)
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
        # As elsewhere, nobody always comes first.
        turns = [component, lambda: flotilla(1), lambda: flotilla(2)]
        found = [turn() for turn in (turns if number % 2 == 0 else turns[::-1])]
        base, alone, together = found if number % 2 == 0 else found[::-1]
        say(f"P6 round {number + 1}: pgbench {base:.0f}, one {alone:.0f}, two {together:.0f}")
        one.append((base, alone))
        two.append((base, together))
        gain.append((alone, together))
    beside = "pgbench: INSERT, then UPDATE of the same rows, batches of 100, a round trip a row"
    setup = {"events": events}
    return [
        Line.ratio("P6", "bus on PostgreSQL, four consumers, events/s", one, 0.40, beside=beside,
                   setup=setup),
        Line.ratio("P6-2", "the same with two instances", two, 0.40, beside=beside, setup=setup),
        Line.ratio("P6-3", "two instances against one", gain, 1.0, beside="one instance",
                   setup=setup),
    ]


def insert_and_update(count):
    """The rows of the log, inserted in one transaction and marked as done in another."""
    lines = ["\\set first random(1, 1000000000000)", "BEGIN;"]
    for number in range(count):
        id = row_id(number)
        lines.append(
            "INSERT INTO source.outbox_events (event_id, type, topic, key, time, correlation_id,"
            f" transaction_id, data) VALUES (({id})::uuid, 'BenchHappenedEventV1',"
            f" 'bench.events', 'key-{number}', now(), ({id}), ({id})::uuid,"
            f" '{payload(number)}');")
    lines += ["COMMIT;", "BEGIN;"]
    for number in range(count):
        lines.append("UPDATE source.outbox_events SET done_at = now()"
                     f" WHERE event_id = ({row_id(number)})::uuid;")
    return "\n".join(lines + ["COMMIT;"]) + "\n"


def row_id(number):
    return f"lpad(to_hex(:first::bigint), 24, '0') || lpad('{number:x}', 8, '0')"


def payload(number):
    """What `Happened` of flotilla-bench comes to."""
    text = "what an event has to tell " * 7
    # A colon before a quotation mark is no variable of pgbench.
    return f'{{"key": "key-{number}", "number": {number}, "text": "{text}"}}'


# Where, which quantile, and the milliseconds that it may be.
LATENCIES = (("in process", "p50", 5), ("in process", "p99", 25), ("over Kafka", "p50", 15),
             ("over Kafka", "p99", 60))


def latency(workshop, size):
    events = size.count(4_000)
    found = {(where, quantile): [] for where, quantile, _ in LATENCIES}

    def measured(*arguments, **options):
        directory = workshop.new_directory("latency")
        result = workshop.run_bench(
            "latency", "--storage", f"sqlite:{directory}", "--events", events,
            "--consumers", 1, "--modules", 1, *arguments, **options)
        workshop.discard(directory)
        if abs(result["rate"] - 500) > 25:
            raise Failed(f"500 events a second were meant, {result['rate']:.0f} published")
        return result

    for number in range(size.rounds(3)):
        inside, broker = measured(), Broker(workshop)
        kafka = measured(
            "--brokers", broker.address, "--properties", Broker.PROPERTIES,
            environment=Broker.environment())
        broker.stop()
        say(f"P7 round {number + 1}: in process {inside}, over Kafka {kafka}")
        for (where, quantile), samples in found.items():
            samples.append((kafka if where == "over Kafka" else inside)[quantile])
    return [
        Line(f"P7-{index}", f"commit to handled at 500/s, {where}, {quantile}",
             found[where, quantile], goal, False, "ms", {"events": events},
             note=Broker.PROPERTIES if where == "over Kafka" else "")
        for index, (where, quantile, goal) in enumerate(LATENCIES, start=1)
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
        beside="librdkafka's producer, same messages", setup={"events": events})]


def long_past(workshop, size):
    few, many, count = size.count(10_000), size.count(10_000_000), size.count(40_000)
    arguments = ("--consumers", 1, "--modules", 1)
    directories = {}
    for past in (few, many):
        directories[past] = directory = workshop.new_directory("past")
        workshop.run_bench("bus", "--storage", f"sqlite:{directory}", *arguments, "--events", 500)
        say(f"P9: filling in {past} past events")
        fill(directory, past)
    # What was filled in is not to be written back while the rounds run.
    os.sync()
    first = 100_000_000

    def cost(directory):
        nonlocal first
        first += 1_000_000
        result = workshop.run_bench(
            "bus", "--storage", f"sqlite:{directory}", *arguments, "--first", first,
            "--events", count)
        return result["seconds"] / count * 1e6

    def after_few():
        # A copy, or the events of the turns before would be among its past ones.
        copy = workshop.new_directory("copy")
        shutil.copytree(directories[few], copy, dirs_exist_ok=True)
        os.sync()
        found = cost(copy)
        workshop.discard(copy)
        return found

    pairs = alternating(size.rounds(7), after_few, lambda: cost(directories[many]), "P9")
    return [Line.ratio(
        "P9", f"cost of an event at {many:,} past ones", pairs, 1.15, is_more_better=False,
        absolute_unit="µs", beside=f"at {few:,} past ones", setup={"events": count, "past": many})]


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
