"""Another library that does the same work."""

import pathlib

from ..processes import ROOT, alternating
from ..samples import Line
from ..system import Postgres

PROGRAM = pathlib.Path(__file__).parents[1] / "eventsourcing_beside.py"
PYTHON = ROOT / ".tools/bench/bin/python"


def eventsourcing(workshop, size):
    postgres = Postgres(workshop)
    lines = []
    for index, engine in enumerate(("sqlite", "postgres"), start=1):
        lines.append(beside(workshop, size, engine, postgres, f"P13-{index}"))
    return lines


def beside(workshop, size, engine, postgres, id):
    # The work of a second or two for each.
    few = size.count(1_500 if engine == "sqlite" else 500)
    many = size.count(30_000 if engine == "sqlite" else 15_000)

    def storage():
        if engine == "postgres":
            return postgres.make_database()
        return f"sqlite:{workshop.new_directory('events')}"

    def discard(url):
        if engine == "postgres":
            postgres.drop_database(url)
        else:
            workshop.discard(url.removeprefix("sqlite:"))

    def component():
        url = storage()
        result = workshop.run_json([PYTHON, PROGRAM, url, str(few)])
        discard(url)
        return result["eventsPerSecond"]

    def flotilla():
        url = storage()
        result = workshop.run_bench("bus", "--storage", url, "--events", many, "--modules", 1)
        discard(url)
        return result["eventsPerSecond"]

    pairs = alternating(size.rounds(3), component, flotilla, id)
    title = {"sqlite": "SQLite", "postgres": "PostgreSQL"}[engine]
    return Line.ratio(
        id, f"recorded and projected to four consumers, {title}", pairs, 10,
        beside=f"pyeventsourcing, one transaction an event and consumer, one thread; {few} events"
        f" there, {many} here", setup={"there": few, "here": many})
