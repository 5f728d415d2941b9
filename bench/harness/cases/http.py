"""Over HTTP: Flotilla beside bare Hummingbird, pgbench and plain SQLite."""

import json
import time
from statistics import median

from .. import capture
from ..processes import Failed, alternating, say
from ..samples import Line
from ..system import ORDER, Postgres, System, Wrk, query

JSON = "application/json; charset=utf-8"
CONNECTIONS = 32


def liveness(workshop, size):
    system = System(workshop).start()
    system.await_ready()
    path = "/health/live"
    return [beside_hummingbird(
        workshop, size, system, path, path, None, "P1", "GET /health/live, all middleware", 0.75,
        beside="bare Hummingbird, same response")]


def reading(workshop, size):
    system = System(workshop).start()
    system.await_ready()
    _, token = system.customer()
    path = f"/api/v1/orders/{system.order(token)['id']}"
    return [beside_hummingbird(
        workshop, size, system, path, "/api/v1/orders/:id", token, "P2",
        "GET one order, authenticated, SQLite", 0.50, beside="bare Hummingbird, same JSON")]


def beside_hummingbird(workshop, size, system, path, route, token, id, what, goal, beside):
    body = workshop.new_directory("body") / "body.json"
    status, text = system.call("GET", path, token=token)
    if status != 200:
        raise Failed(f"{path} was answered {status}")
    body.write_bytes(text)
    bare = workshop.start(
        [workshop.bench, "serve-bare", "--path", route, "--body", body, "--content-type", JSON])
    url = "http://127.0.0.1:" + bare.line(r'"port":(\d+)')[1]
    wrk, seconds = Wrk(workshop), size.seconds(3)
    named = {"token": token} if token else {}
    costs = {bare: [], system.process: []}

    def rate(server, url):
        result = wrk.run("get.lua", url + path, CONNECTIONS, seconds, server, **named)
        costs[server].append(result["cost"])
        return result["rate"]

    pairs = alternating(
        size.rounds(7), lambda: rate(bare, url), lambda: rate(system.process, system.url), id)
    alone, ours = (median(costs[server]) for server in (bare, system.process))
    return Line.ratio(
        id, what, pairs, goal, beside=beside,
        note=f"a request takes {ours:.1f} µs of the cores, there {alone:.1f} µs",
        setup={"connections": CONNECTIONS, "seconds": seconds})


# ---- Orders -----------------------------------------------------------------------------------

# One order changes its customer's row, so that orders of one customer go one after the other: so
# many that hardly two of one are on their way at once.
CUSTOMERS = 64


def prepared_system(workshop, storage=None):
    """A system whose customers may order, then with the modules alone that an order needs: what
    others make of the events later is measured elsewhere."""
    system = System(workshop, storage).start()
    system.await_ready()
    customers = system.customers(CUSTOMERS)
    for _, token in customers:
        system.order(token)
    system.restart("user,order").await_ready()
    return system, customers


class Orders:
    """Load of orders on a system, checked against its table of orders."""

    def __init__(self, workshop, system, customers, connections, count):
        self.wrk, self.system = Wrk(workshop), system
        self.tokens = " ".join(token for _, token in customers)
        self.connections, self.count = connections, count
        self.run_number = 0
        self.placed = 0
        self.costs = []

    def rate(self, seconds):
        self.run_number += 1
        before = self.settled_count()
        result = self.wrk.run(
            "order.lua", self.system.url + "/api/v1/orders", self.connections, seconds,
            self.system.process, tokens=self.tokens, body=json.dumps(ORDER), run=f"run{self.run_number}")
        # Those that were on their way when wrk ended are not in its count.
        self.placed = self.settled_count() - before
        if not 0 <= self.placed - result["requests"] <= self.connections:
            raise Failed(
                f"{result['requests']} orders were acknowledged, {self.placed} are there")
        self.costs.append(result["cost"])
        return result["rate"]

    def settled_count(self):
        """The orders that are there when those on their way are through."""
        found, before = self.count(), None
        while found != before:
            time.sleep(0.1)
            found, before = self.count(), found
        return found

    @property
    def note(self):
        # The first ones find everything cold.
        return f"an order takes {median(self.costs[1:]):.0f} µs of the cores"


def ordering_on_postgres(workshop, size):
    postgres = Postgres(workshop, f"-c log_line_prefix={capture.PREFIX}")
    storage = postgres.make_database()
    system, customers = prepared_system(workshop, storage)
    script = captured_script(workshop, postgres, system, customers, storage)
    system.stop()
    copy = postgres.make_database(template=storage.rsplit("/", 1)[1])
    system.start()
    system.await_ready()
    options = '-c search_path="order" -c timezone=UTC'
    options += " -c default_transaction_isolation=repeatable\\ read"
    seconds = size.seconds(4)

    def count(uri):
        return int(postgres.psql('SELECT COUNT(*) FROM "order".orders', uri))

    orders = Orders(workshop, system, customers, 16, lambda: count(storage))

    def component():
        before = count(copy)
        rate, done = postgres.pgbench(copy, script, 16, seconds=seconds, options=options)
        if count(copy) - before != done:
            raise Failed(f"pgbench ran {done} transactions and left {count(copy) - before} orders")
        return rate

    pairs = alternating(size.rounds(5), component, lambda: orders.rate(seconds), "P3")
    return [Line.ratio(
        "P3", "POST order, PostgreSQL, 16 connections", pairs, 0.80,
        beside="pgbench, same statements, 16 clients",
        note=f"{orders.note}, PostgreSQL's not among them", setup={"seconds": seconds})]


def captured_script(workshop, postgres, system, customers, storage):
    name = storage.rsplit("/", 1)[1]
    postgres.psql(f"ALTER DATABASE {name} SET log_statement = 'all'")
    system.restart("user,order").await_ready()
    keys = [f"captured-{number}-{'k' * 16}" for number in range(6)]
    for key in keys:
        system.order(customers[0][1], key)
    log = (postgres.directory / "server.log").read_text(errors="replace")
    # Not the first ones: they prepare what the later ones use.
    first, second = (capture.transaction_with(log, "flotilla/order", key) for key in keys[-2:])
    postgres.psql(f"ALTER DATABASE {name} RESET log_statement")

    def types(statement):
        text = postgres.psql(
            f'SET search_path TO "order"; PREPARE captured AS {statement};'
            " SELECT array_to_string(parameter_types::text[], '|') FROM pg_prepared_statements",
            storage)
        return text.split("|")

    script = workshop.new_directory("pgbench") / "order.sql"
    script.write_text(capture.pgbench_script(
        first, second, types, one_each=[user for user, _ in customers]))
    say(f"P3: an order is {len(first)} statements")
    return script


# An order keeps its answer with its key, and holds its customer: rows that are there are changed.
CHANGING = ("--changing", "idempotency_keys", "--changing", "customers")


def ordering_on_sqlite(workshop, size):
    system, customers = prepared_system(workshop)
    path = system.directory / "data/order.sqlite"

    def count():
        return query(path, "SELECT COUNT(*) FROM orders")[0][0]

    seconds = size.seconds(3)
    orders = Orders(workshop, system, customers, 32, count)
    # The rows to commit again are those that the program has written.
    orders.rate(seconds)

    def component():
        directory = workshop.new_directory("replayed")
        units = max(50, orders.placed)
        result = workshop.run_bench(
            "replay-rows", "--from", path, "--into", directory / "order.sqlite",
            "--units", units, "--total", count(),
            *CHANGING)
        workshop.discard(directory)
        component.rows = result["rowsPerCommit"]
        return result["commitsPerSecond"]

    pairs = alternating(size.rounds(5), component, lambda: orders.rate(seconds), "P4")
    rows = ", ".join(f"{number} {name}" for name, number in sorted(component.rows.items()))
    return [Line.ratio(
        "P4", "POST order, SQLite, 32 connections", pairs, 2.0,
        beside="one SQLite connection committing the same rows",
        note=f"a commit: {rows}, two rows changed; {orders.note}",
        setup={"seconds": seconds, "changing": True})]
