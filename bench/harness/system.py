"""Flotilla as its users meet it, and what it stands on: PostgreSQL, a broker, wrk."""

import json
import os
import pathlib
import re
import sqlite3
import subprocess
import time
import urllib.error
import urllib.request

from .processes import ROOT, Failed

PASSWORD = "correct horse battery"
PRODUCT = "01970000-0000-7000-8000-000000000001"
SCRIPTS = pathlib.Path(__file__).parent / "wrk"


class System:
    """A `flotilla serve` of some modules, with its data in a directory or on PostgreSQL."""

    def __init__(self, workshop, storage=None, directory=None, modules="all", environment=None):
        self.workshop = workshop
        self.directory = directory or workshop.new_directory("system")
        self.storage = storage or f"sqlite:{self.directory}/data"
        self.modules = modules
        self.environment = {
            "FLOTILLA_STORAGE_URL": self.storage, "FLOTILLA_MODULES": modules,
            "FLOTILLA_MAIL_URL": f"file:{self.directory}/mail", "FLOTILLA_LOG_FORMAT": "json",
            "FLOTILLA_LOG_LEVEL": "info", "FLOTILLA_STORAGE_POOL_MAX": "16",
            # On PostgreSQL nothing else says where the key lies.
            "FLOTILLA_AUTH_SIGNING_KEY": f"file:{signing_key(self.directory)}",
            **(environment or {}),
        }
        self.process = None
        self.url = None

    def start(self):
        self.log = self.directory / "log"
        command = f"exec {self.workshop.flotilla} serve --port 0 > {self.log}"
        self.log.write_text("")
        self.process = self.workshop.start(
            ["/bin/sh", "-c", command], environment=self.environment)
        self.url = self.await_address()
        return self

    def await_address(self, timeout=60):
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            found = re.search(
                r'"server\.url":"(http:[^"]+)"', self.log.read_text().replace("\\/", "/"))
            if found:
                return found[1]
            if not self.process.is_running():
                raise Failed(f"flotilla ended: {self.process.complaint()}")
            time.sleep(0.002)
        raise Failed("flotilla did not listen in time")

    def stop(self):
        if self.process:
            self.workshop.stop(self.process)
            self.process = None

    def restart(self, modules):
        """The same data, other modules."""
        self.stop()
        self.environment["FLOTILLA_MODULES"] = modules
        return self.start()

    def call(self, method, path, body=None, token=None, headers=None):
        """(status, body); refusals are answers."""
        request = urllib.request.Request(
            self.url + path, method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", **(headers or {}),
                     **({"Authorization": f"Bearer {token}"} if token else {})})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def wanted(self, status, method, path, *rest, **named):
        found, body = self.call(method, path, *rest, **named)
        if found != status:
            raise Failed(f"{method} {path} was answered {found}: {body[:300]!r}")
        return json.loads(body) if body else None

    def await_ready(self, timeout=30):
        eventually(lambda: self.is_ready(), "flotilla is ready", timeout, pause=0.002)

    def is_ready(self):
        try:
            return self.call("GET", "/health/ready")[0] == 200
        except OSError:
            return False

    def register(self, number):
        return self.wanted(
            201, "POST", "/api/v1/users",
            {"email": f"person{number}@example.com", "password": PASSWORD,
             "firstName": "Person", "lastName": f"Number{number}"})["id"]

    def log_in(self, number):
        return self.wanted(
            201, "POST", "/api/v1/sessions",
            {"email": f"person{number}@example.com", "password": PASSWORD})["accessToken"]

    def customers(self, count):
        """People who may order: [(id, token)]."""
        return [self.customer(number) for number in range(count)]

    def customer(self, number=0):
        """Somebody who may order: (id, token)."""
        return self.register(number), self.log_in(number)

    def order(self, token, key=None):
        return eventually(
            lambda: self.try_to_order(token, key), "an order is accepted", timeout=30, pause=0.1)

    def try_to_order(self, token, key):
        status, body = self.call(
            "POST", "/api/v1/orders", ORDER, token,
            {"Idempotency-Key": key} if key else None)
        # What is to be sold is known a moment after the start.
        if status in (409, 422, 503):
            return None
        if status != 201:
            raise Failed(f"an order was answered {status}: {body[:300]!r}")
        return json.loads(body)


ORDER = {"items": [{"productId": PRODUCT, "quantity": 1}]}


def signing_key(directory):
    """A P-256 key as the operator of a fleet has one."""
    path = directory / "token-key.pem"
    if not path.exists():
        subprocess.run(
            ["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-out", str(path)], check=True, capture_output=True)
        path.chmod(0o600)
    return path


def eventually(look, what, timeout=60, pause=0.02):
    deadline = time.monotonic() + timeout
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            raise Failed(f"it never came about that {what}")
        time.sleep(pause)


class Postgres:
    """A cluster of its own that does wait for its disk."""

    def __init__(self, workshop, options=""):
        self.workshop = workshop
        self.directory = workshop.new_directory("postgres")
        self.process = workshop.start(
            [ROOT / "scripts/postgres.sh", "run", self.directory],
            environment={"POSTGRES_OPTIONS": "-c max_connections=200 " + options})
        self.uri = self.process.line(r"^(postgres://\S+)$")[1]
        self.count = 0

    def psql(self, sql, uri=None):
        return self.workshop.run(
            ["psql", "--no-psqlrc", "-qAt", "-v", "ON_ERROR_STOP=1", "-c", sql, uri or self.uri])

    def make_database(self, template=None):
        self.count += 1
        name = f"bench_{self.count}"
        self.psql(f"CREATE DATABASE {name}" + (f" TEMPLATE {template}" if template else ""))
        return self.uri.rsplit("/", 1)[0] + "/" + name

    def drop_database(self, uri):
        self.psql(f"DROP DATABASE {uri.rsplit('/', 1)[1]} WITH (FORCE)")

    def pgbench(self, uri, script, clients, seconds=None, transactions=None, options=""):
        """(transactions a second, transactions) of a script file, prepared."""
        limit = ["-T", str(seconds)] if seconds else ["-t", str(transactions)]
        binaries = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/pgbench"))
        program = str(binaries[-1]) if binaries else "pgbench"
        text = self.workshop.run(
            [program, "--no-vacuum", "--protocol=prepared", "-f", script, "-c", clients, "-j", "1",
             *limit, uri], environment={"PGOPTIONS": options})
        rate = re.search(r"tps = ([\d.]+) \(without", text)
        count = re.search(r"number of transactions actually processed: (\d+)", text)
        failed = re.search(r"number of failed transactions: (\d+)", text)
        if not rate or not count or (failed and int(failed[1])):
            raise Failed(f"pgbench failed: {text}")
        return float(rate[1]), int(count[1])


class Broker:
    """A broker with its records in memory."""

    PROPERTIES = "session.timeout.ms=6000,fetch.wait.max.ms=10"

    def __init__(self, workshop):
        self.workshop = workshop
        self.process = workshop.start([ROOT / "scripts/tansu.sh"])
        self.address = self.process.line(r"^(\d[\d.]+:\d+)$")[1]

    @staticmethod
    def environment():
        """Debian's librdkafka does not understand the broker."""
        library = subprocess.run(
            [str(ROOT / "scripts/librdkafka.sh")], check=True, capture_output=True, text=True)
        paths = [library.stdout.strip(), os.environ.get("LD_LIBRARY_PATH", "")]
        return {"LD_LIBRARY_PATH": ":".join(filter(None, paths))}

    def stop(self):
        self.workshop.stop(self.process)


class Wrk:
    """Load over HTTP by one thread of wrk."""

    def __init__(self, workshop):
        self.workshop = workshop

    def start(self, script, url, connections, seconds, **variables):
        environment = {"WRK_REPORT": str(SCRIPTS / "report.lua")}
        environment.update(
            {f"WRK_{name.upper()}": str(value) for name, value in variables.items()})
        return self.workshop.start(
            ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s",
             "--latency", "-s",
             SCRIPTS / script, url], environment=environment)

    def finish(self, process, allowed_refusals=False):
        result = self.workshop.finish(process)
        names = ["connect", "read", "write", "timeout",
                 "unexpected" if allowed_refusals else "status"]
        problems = {name: result[name] for name in names if result[name]}
        if problems or not result["requests"]:
            raise Failed(f"wrk met errors: {result}")
        return result

    def run(self, script, url, connections, seconds, server=None, **variables):
        """What wrk found, its `rate`, and the µs of processor time that each request `costs` the
        server."""
        before = server.processor_seconds() if server else 0
        result = self.finish(self.start(script, url, connections, seconds, **variables))
        result["rate"] = result["requests"] / result["seconds"]
        if server:
            result["cost"] = (server.processor_seconds() - before) / result["requests"] * 1e6
        return result


# The numbers from 1 to a parameter.
NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"


def query(path, sql):
    """The rows that a statement finds in a database of SQLite that others may use."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()
