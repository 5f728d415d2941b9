#!/usr/bin/env python3
"""Tests run-split.py with stand-ins for the program: small HTTP servers that log their signals."""

import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

SCRIPTS = pathlib.Path(__file__).resolve().parent
NAMES = ["user", "orders", "followers", "gateway"]

STAND_IN = """\
#!/usr/bin/env python3
import http.server, os, pathlib, re, signal, sys, threading
file = pathlib.Path(sys.argv[sys.argv.index("--config") + 1])
port = int(re.search(r"port: (\\d+)", file.read_text())[1])
status = 503 if os.environ.get("NEVER_READY") == file.stem else 200
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(status)
        self.end_headers()
    def log_message(self, *_): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
def stop(*_):
    print("asked to stop", flush=True)
    if os.environ.get("STUBBORN") != file.stem:
        threading.Thread(target=server.shutdown).start()
signal.signal(signal.SIGTERM, stop)
signal.signal(signal.SIGINT, lambda *_: print("heard Ctrl-C", flush=True))
print(f"pid {os.getpid()} broker {os.environ['FLOTILLA_BUS_KAFKA_BROKERS']}", flush=True)
server.serve_forever(poll_interval=0.02)
print("bye", flush=True)
sys.exit(int(os.environ.get("EXIT_" + file.stem, "0")))
"""


def is_running(pid):
    try:
        # After the name in parentheses; a zombie only waits to be counted.
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


class Running(unittest.TestCase):
    def setUp(self):
        self.home = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.home)
        self.program = self.home / "flotilla"
        self.program.write_text(STAND_IN)
        self.program.chmod(0o755)
        sockets = [socket.create_server(("127.0.0.1", 0)) for _ in NAMES]
        for name, free in zip(NAMES, sockets):
            port = free.getsockname()[1]
            (self.home / f"{name}.yaml").write_text(f"http:\n  port: {port}\n")
            free.close()
        self.lines = []

    def start(self, **environment):
        self.fleet = subprocess.Popen(
            [sys.executable, SCRIPTS / "run-split.py", self.program], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
            env={**os.environ, "RUN_SPLIT_CONFIG": str(self.home), "KAFKA_BROKERS": "given:9092",
                 "RUN_SPLIT_BROKER": str(self.home / "broker"), **environment})
        self.addCleanup(self.fleet.stdout.close)

    def read_until(self, text):
        for line in self.fleet.stdout:
            self.lines.append(line.rstrip("\n"))
            if text in line:
                return
        self.fail(f"no '{text}' in\n" + "\n".join(self.lines))

    def end(self, code):
        self.lines += self.fleet.stdout.read().splitlines()
        self.assertEqual(self.fleet.wait(), code, "\n".join(self.lines))
        # Those that a killed parent leaves behind need a moment.
        deadline = time.monotonic() + 5
        while left := [name for name, pid in self.pids().items() if is_running(pid)]:
            self.assertLess(time.monotonic(), deadline, f"{left} are left")
            time.sleep(0.02)

    def pids(self):
        found = {}
        for line in self.lines:
            name, _, text = line.partition("|")
            if text.startswith(" pid"):
                found[name.strip()] = int(text.split()[1])
        return found

    def place(self, line):
        matches = [index for index, text in enumerate(self.lines) if text == line]
        self.assertEqual(len(matches), 1, f"{line} in\n" + "\n".join(self.lines))
        return matches[0]

    def assert_in_order(self, *lines):
        places = [self.place(line) for line in lines]
        self.assertEqual(places, sorted(places), "\n".join(self.lines))

    def test_starts_and_stops_in_order_twice(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            self.lines = []
            self.start()
            self.read_until("serving on")
            self.assert_in_order("fleet     | user is ready", "fleet     | orders is ready",
                                 "fleet     | gateway is ready")
            # As a terminal does it: to the whole group, whose only member is the fleet's process.
            os.killpg(self.fleet.pid, number)
            self.end(0)
            self.assert_in_order("gateway   | bye", "orders    | asked to stop", "orders    | bye",
                                 "user      | asked to stop", "fleet     | everything has stopped")
            self.assertNotIn("heard Ctrl-C", "".join(self.lines))

    def test_brings_all_down_when_one_dies(self):
        self.start()
        self.read_until("serving on")
        os.kill(self.pids()["orders"], signal.SIGKILL)
        self.end(1)
        self.assertEqual(self.lines[-1], "fleet     | failed: orders ended by itself by SIGKILL")

    def test_stops_while_it_is_starting(self):
        self.start(NEVER_READY="orders")
        self.read_until("orders    | pid")
        self.fleet.terminate()
        self.end(0)

    def test_gives_up_on_one_that_is_never_ready(self):
        self.start(NEVER_READY="orders", RUN_SPLIT_READY_SECONDS="1")
        self.end(1)
        self.assertIn("failed: orders was not ready", self.lines[-1])

    def test_tells_of_one_that_does_not_stop_or_fails_to(self):
        self.start(STUBBORN="gateway", EXIT_user="3", RUN_SPLIT_STOP_SECONDS="1")
        self.read_until("serving on")
        self.fleet.terminate()
        self.end(1)
        self.assert_in_order("fleet     | gateway did not stop and was killed",
                             "orders    | bye", "fleet     | user ended with exit code 3")

    def test_takes_the_processes_with_it_when_it_is_killed(self):
        self.start()
        self.read_until("serving on")
        self.fleet.kill()
        self.end(-signal.SIGKILL)

    def test_needs_its_ports(self):
        port = int((self.home / "orders.yaml").read_text().split()[-1])
        with socket.create_server(("127.0.0.1", port)):
            self.start()
            self.end(1)
        self.assertIn(f"port {port}, which orders needs, is taken", self.lines[-1])

    def test_starts_its_broker_first_and_stops_it_last(self):
        self.start(KAFKA_BROKERS="")
        self.read_until("serving on")
        self.assert_in_order("fleet     | broker is ready", "fleet     | user is ready")
        self.fleet.terminate()
        self.end(0)
        self.assert_in_order("user      | bye", "fleet     | stopping broker")

    def test_brings_all_down_when_its_broker_dies(self):
        self.start(KAFKA_BROKERS="")
        self.read_until("serving on")
        os.kill(self.pids()["broker"], signal.SIGKILL)
        self.end(1)
        self.assertIn("failed: broker ended by itself", self.lines[-1])


if __name__ == "__main__":
    unittest.main()
