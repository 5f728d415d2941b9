"""Every benchmark by its number."""

from . import bus, http, life, others

ALL = {
    "P1": http.liveness,
    "P2": http.reading,
    "P3": http.ordering_on_postgres,
    "P4": http.ordering_on_sqlite,
    "P5": bus.on_sqlite,
    "P6": bus.on_postgres,
    "P7": bus.latency,
    "P8": bus.relay,
    "P9": bus.long_past,
    "P10": life.memory,
    "P11": life.start,
    "P12": life.log_ins,
    "P13": others.eventsourcing,
}
