"""A process's life: its start, its memory, and who waits while passwords are hashed."""

import pathlib
import sqlite3
import statistics
import time

from ..processes import Failed, say
from ..samples import Line
from ..system import NUMBERS, PASSWORD, System, Wrk, eventually, query


def start(workshop, size):
    system = System(workshop).start()
    system.await_ready()
    system.stop()
    times = []
    for _ in range(size.rounds(15) + 1):
        begin = time.monotonic()
        system.start()
        system.await_ready()
        times.append((time.monotonic() - begin) * 1e3)
        system.stop()
    say(f"P11: {[round(value) for value in times]}")
    # The first one found files cold.
    return [Line("P11", "start to ready, migrated SQLite", times[1:], 300, False, "ms")]


# ---- Memory -----------------------------------------------------------------------------------

def resident(system, most=False):
    """MiB of the server itself: the shell that started it is gone."""
    return system.process.resident_mebibytes(most)


def memory(workshop, size):
    idle = []
    for _ in range(size.rounds(3)):
        system = System(workshop).start()
        system.await_ready()
        time.sleep(size.seconds(4))
        idle.append(resident(system))
        system.stop()
    waiting, after = [], []
    events = size.count(1_000_000)
    # The last one's events go to a million in the log of a user who logs in.
    system = System(workshop).start()
    system.await_ready()
    system.customer()
    data = pathlib.Path(system.directory) / "data"
    eventually(lambda: taken(data, head(data)), "the first events are taken")
    system.stop()
    fill(data / "user.sqlite", events)
    position = head(data)
    # Retention and consumers find them as if they had come while the others were away.
    system.start()
    begin, last = time.monotonic(), 0
    while not taken(data, position):
        if time.monotonic() - begin > 600:
            raise Failed("a million events were not taken in ten minutes")
        if not system.process.is_running():
            raise Failed(f"flotilla ended: {system.process.complaint()}")
        waiting.append(resident(system))
        if time.monotonic() - last > 10:
            last = time.monotonic()
            say(f"P10: {waiting[-1]:.0f} MiB, place {place(data)} of {position}")
        time.sleep(0.25)
    seconds = time.monotonic() - begin
    most = resident(system, most=True)
    time.sleep(size.seconds(4))
    after.append(resident(system))
    verify_trail(data, events)
    note = f"{events} events in {seconds:.0f} s"
    return [
        Line("P10-1", "resident memory, idle", idle, 80, False, "MiB"),
        Line("P10-2", f"after {events:,} events", after, 150, False, "MiB",
             {"events": events}, note=note),
        Line("P10-3", f"with {events:,} events waiting, most", [most], 200, False, "MiB",
             {"events": events},
             note=f"median {sorted(waiting)[len(waiting) // 2]:.0f} MiB while they were taken"),
    ]


def head(data):
    return query(data / "user.sqlite", "SELECT MAX(position) FROM outbox_events")[0][0]


def place(data):
    rows = query(data / "audit.sqlite",
                 "SELECT position FROM inbox_cursors WHERE consumer = 'audit.trail'"
                 " AND stream = 'user'")
    return rows[0][0] if rows else 0


def taken(data, position):
    return place(data) >= position


def fill(path, count):
    """A user's log-in, so many times."""
    connection = sqlite3.connect(path, isolation_level=None)
    row = "SELECT * FROM outbox_events WHERE type = 'UserLoggedInEventV1' LIMIT 1"
    names = [column[0] for column in connection.execute(row).description]
    own = {"position": "NULL", "event_id": "printf('%08x-0000-7000-8000-%012x', i, i)"}
    chosen = ", ".join(own.get(name, f"e.{name}") for name in names)
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute(
        f"{NUMBERS} INSERT INTO outbox_events ({', '.join(names)})"
        f" SELECT {chosen} FROM n, ({row}) AS e",
        (count,))
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def verify_trail(data, count):
    found = query(data / "audit.sqlite",
                  "SELECT COUNT(*) FROM inbox_handled WHERE consumer = 'audit.trail'")[0][0]
    if found < count:
        raise Failed(f"the audit trail has handled {found} of {count} events")


# ---- Log-ins ----------------------------------------------------------------------------------

def log_ins(workshop, size):
    """GETs at a steady pace: alone, beside a core that hashes, and beside 200 who log in."""
    system = System(workshop).start()
    system.await_ready()
    people = size.count(40)
    for number in range(people):
        system.register(number)
    # Not one of those: so many log-ins of one person end the older ones.
    _, token = system.customer(people)
    path = f"/api/v1/orders/{system.order(token)['id']}"
    wrk, seconds = Wrk(workshop), size.seconds(8)

    def p99():
        # Eight connections that pause: a load that leaves the machine air.
        return wrk.run(
            "get.lua", system.url + path, 8, seconds, token=token, delay=20)["p99"]

    def beside_hashing():
        hashing = workshop.start([workshop.bench, "hash"])
        try:
            time.sleep(0.3)
            found = p99()
            hashing.end_input()
            hashing.result()
            return found
        finally:
            workshop.stop(hashing)

    def beside_log_ins():
        load = wrk.start(
            "log-in.lua", system.url + "/api/v1/sessions", 200, seconds + 1, people=people,
            password=PASSWORD)
        time.sleep(0.7)
        found = p99()
        result = wrk.finish(load, allowed_refusals=True)
        beside_log_ins.done = result["requests"] - result["status"]
        if beside_log_ins.done <= 0:
            raise Failed(f"nobody logged in: {result}")
        return found

    p99(), beside_log_ins()
    pairs, quiet, done = [], [], []
    for number in range(size.rounds(5)):
        # What the last log-ins left to do is over.
        time.sleep(size.seconds(4))
        alone, beside, flood = p99(), beside_hashing(), beside_log_ins()
        say(f"P12 round {number + 1}: p99 alone {alone:.2f} ms, beside hashing {beside:.2f} ms,"
            f" beside log-ins {flood:.2f} ms ({beside_log_ins.done} log-ins)")
        pairs.append((beside, flood))
        quiet.append(alone)
        done.append(beside_log_ins.done)
    return [
        Line.ratio(
            "P12", "p99 of GET while 200 log in", pairs, 3, False, "ms",
            beside="without log-ins, one core hashing",
            setup={"seconds": seconds, "people": people},
            note=f"with nothing beside {statistics.median(quiet):.2f} ms;"
            f" {min(done)} to {max(done)} log-ins a round, others were told to come again"),
    ]
