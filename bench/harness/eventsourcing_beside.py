"""Events recorded and projected to four consumers by pyeventsourcing: STORAGE COUNT."""

import json
import sys
import time
import urllib.parse

from eventsourcing.application import ProcessingEvent
from eventsourcing.domain import Aggregate, event
from eventsourcing.system import ProcessApplication, SingleThreadedRunner, System

TEXT = "what an event has to tell " * 7
KEYS = 1_000
BATCH = 100


class Thing(Aggregate):
    """One key: its events keep their order."""

    def __init__(self):
        self.count = 0

    @event("Happened")
    def happen(self, number: int, text: str):
        self.count += 1


class Source(ProcessApplication):
    """Where things happen."""

    def policy(self, domain_event, processing_event: ProcessingEvent):
        pass


class Counter(ProcessApplication):
    """A consumer with a trivial handler; its place is kept with its effects."""

    handled = 0

    def policy(self, domain_event, processing_event: ProcessingEvent):
        type(self).handled += 1


class One(Counter):
    handled = 0


class Two(Counter):
    handled = 0


class Three(Counter):
    handled = 0


class Four(Counter):
    handled = 0


CONSUMERS = [One, Two, Three, Four]


def environment(storage):
    """The library's own defaults for a file, or for a server."""
    if storage.startswith("sqlite:"):
        directory = storage.removeprefix("sqlite:")
        names = ["SOURCE", *(consumer.__name__.upper() for consumer in CONSUMERS)]
        return {
            "PERSISTENCE_MODULE": "eventsourcing.sqlite",
            **{f"{name}_SQLITE_DBNAME": f"{directory}/{name.lower()}.sqlite" for name in names},
        }
    url = urllib.parse.urlparse(storage)
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres", "POSTGRES_DBNAME": url.path[1:],
        "POSTGRES_HOST": url.hostname, "POSTGRES_PORT": str(url.port),
        "POSTGRES_USER": url.username, "POSTGRES_PASSWORD": url.password or "none",
    }


def main():
    storage, count = sys.argv[1], int(sys.argv[2])
    system = System(pipes=[[Source, consumer] for consumer in CONSUMERS])
    with SingleThreadedRunner(system, env=environment(storage)) as runner:
        source = runner.get(Source)
        keys = min(KEYS, count)
        things = [Thing() for _ in range(keys)]
        for first in range(0, keys, BATCH):
            source.save(*things[first:first + BATCH])
        made = [consumer.handled for consumer in CONSUMERS]
        start = time.monotonic()
        for first in range(0, count, BATCH):
            batch = [things[number % keys] for number in range(first, min(first + BATCH, count))]
            for number, thing in enumerate(batch, start=first):
                thing.happen(number=number, text=TEXT)
            # The runner projects what was saved before this returns.
            source.save(*batch)
        seconds = time.monotonic() - start
        handled = [consumer.handled - before for consumer, before in zip(CONSUMERS, made)]
        if handled != [count] * len(CONSUMERS):
            sys.exit(f"{handled} of {count} events were handled")
    print(json.dumps({"events": count, "seconds": seconds, "eventsPerSecond": count / seconds}))


if __name__ == "__main__":
    main()
