#!/usr/bin/env python3
"""Runs the fleet on this machine without containers, in one terminal.

    scripts/run-split.py FLOTILLA

FLOTILLA is the program. A broker is started, then the processes of config/split, each as soon as
those before it are ready; http://127.0.0.1:8080 is the gateway. Each line of the log begins with
the name of its process. Ctrl-C or SIGTERM stops the gateway, then the services, then the broker;
each may finish the work in hand. A second signal kills what is left. A process that ends by itself
brings the others down.

KAFKA_BROKERS=host:port,…  uses that broker and starts none
FLOTILLA_STORAGE_URL=…     is the database of all services instead of their SQLite files
RUN_SPLIT_CONFIG=DIR       has other files than config/split
RUN_SPLIT_BROKER=DIR       keeps what the broker is told, instead of data/split/broker

Ends with 0 if everything stopped cleanly after a signal, else with 1.
"""

import base64
import ctypes
import os
import pathlib
import queue
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
# The key that signs tokens is made by the user process, so that comes first. The gateway comes
# last, so that nobody is let in before there is somebody to answer.
SERVICES = [["user"], ["orders", "followers"], ["gateway"]]
CONFIG = ROOT / os.environ.get("RUN_SPLIT_CONFIG", "config/split")
BROKER = ROOT / os.environ.get("RUN_SPLIT_BROKER", "data/split/broker")
READY_SECONDS = float(os.environ.get("RUN_SPLIT_READY_SECONDS", 60))
# Longer than a process takes to finish the work in hand.
STOP_SECONDS = float(os.environ.get("RUN_SPLIT_STOP_SECONDS", 45))


class Failed(Exception):
    """The fleet can't run (on); the message is for whoever started it."""


class Stopped(Exception):
    """A signal asked the fleet to stop."""


class Fleet:
    def __init__(self):
        # What happens: ("signal", number) or ("ended", process). Signal handlers may only put.
        self.events = queue.SimpleQueue()
        self.processes = []
        self.output = threading.Lock()

    def say(self, text, name="fleet"):
        with self.output:
            try:
                sys.stdout.write(f"{name:<9} | {text}\n")
                sys.stdout.flush()
            except OSError:
                # Nobody reads any more (`| head`); that must not keep the fleet from stopping.
                sys.stdout = open(os.devnull, "w")

    def start(self, name, command, environment, **options):
        process = Process(self, name, command, environment, **options)
        self.processes.append(process)
        return process

    def check(self, timeout=0.0):
        """Waits for a while; raises if somebody asks the fleet to stop or a process has ended."""
        try:
            kind, what = self.events.get(timeout=timeout) if timeout else self.events.get_nowait()
        except queue.Empty:
            return
        if kind == "signal":
            raise Stopped(signal.Signals(what).name)
        raise Failed(f"{what.name} ended by itself {what.ending()}")

    def wait_until_ready(self, process, url):
        deadline = time.monotonic() + READY_SECONDS
        while not answers(url):
            if time.monotonic() > deadline:
                raise Failed(f"{process.name} was not ready within {READY_SECONDS:.0f} s: {url}")
            self.check(timeout=0.1)
        process.is_ready = True
        self.say(f"{process.name} is ready")

    def stop(self):
        """Stops in the reverse order of the start; returns whether all of them ended well."""
        stages = {}
        for process in self.processes:
            stages.setdefault(process.stage, []).append(process)
        is_clean = True
        for stage in sorted(stages, reverse=True):
            running = [process for process in stages[stage] if process.is_running()]
            for process in running:
                self.say(f"stopping {process.name}")
                process.ask_to_stop()
            deadline = time.monotonic() + STOP_SECONDS
            for process in running:
                if not self.await_end(process, deadline):
                    process.kill()
                    self.say(f"{process.name} did not stop and was killed")
                    is_clean = False
            for process in stages[stage]:
                process.finish()
                if process in running and not process.has_ended_well():
                    self.say(f"{process.name} ended {process.ending()}")
                    is_clean = False
        return is_clean

    def await_end(self, process, deadline):
        while process.is_running():
            if time.monotonic() > deadline:
                return False
            try:
                kind, _ = self.events.get(timeout=0.05)
            except queue.Empty:
                continue
            if kind == "signal":
                return False
        return True


class Process:
    """One process, in a session of its own: Ctrl-C reaches the fleet alone."""

    def __init__(self, fleet, name, command, environment, stage, is_on_leash=False, on_line=None):
        self.name, self.stage, self.is_on_leash = name, stage, is_on_leash
        self.is_ready = False
        self.child = subprocess.Popen(
            command, env=environment, cwd=ROOT, start_new_session=True, preexec_fn=die_with_parent,
            stdin=subprocess.PIPE if is_on_leash else subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.reader = threading.Thread(target=self.read, args=(fleet, on_line), daemon=True)
        self.reader.start()
        threading.Thread(target=self.watch, args=(fleet,), daemon=True).start()

    def read(self, fleet, on_line):
        for line in self.child.stdout:
            text = line.decode("utf-8", "replace").rstrip("\n")
            fleet.say(text, self.name)
            if on_line:
                on_line(text)

    def watch(self, fleet):
        self.child.wait()
        fleet.events.put(("ended", self))

    def is_running(self):
        return self.child.poll() is None

    def ask_to_stop(self):
        if self.is_on_leash:
            # It goes when the other end of its input is closed.
            self.child.stdin.close()
        else:
            self.child.send_signal(signal.SIGTERM)

    def kill(self):
        try:
            os.killpg(self.child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def finish(self):
        """Lets the last lines out."""
        self.child.wait()
        self.reader.join(timeout=2)

    def has_ended_well(self):
        """One that was still starting may not have come to listen for SIGTERM yet."""
        code = self.child.returncode
        return code == 0 or (code == -signal.SIGTERM and not self.is_ready)

    def ending(self):
        code = self.child.returncode
        return f"with exit code {code}" if code >= 0 else f"by {signal.Signals(-code).name}"


def die_with_parent():
    """In the child: if the fleet's own process is killed, its children are asked to stop."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM)


def answers(url):
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return response.status == 200
    except (urllib.error.URLError, OSError, ValueError):
        return False


def is_taken(port):
    with socket.socket() as probe:
        # As servers do: what a former run left in TIME_WAIT is no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def configured_port(service):
    """`http.port` of a service; the files are ours, so a line is enough to read it."""
    text = (CONFIG / f"{service}.yaml").read_text()
    return int(re.search(r"^http:\n(?:  .*\n)*?  port: (\d+)$", text, re.MULTILINE).group(1))


def sealing_key():
    """What the user process seals for the one that mails, made at the first start."""
    path = ROOT / "data/split/sealing-key"
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(base64.b64encode(os.urandom(32)))
    return path.read_text()


def start_broker(fleet, environment):
    addresses = queue.SimpleQueue()
    broker = fleet.start(
        "broker", [str(ROOT / "scripts/tansu.sh"), "0", str(BROKER)],
        environment, stage=0, is_on_leash=True, on_line=addresses.put)
    deadline = time.monotonic() + READY_SECONDS
    while True:
        fleet.check(timeout=0.05)
        try:
            line = addresses.get_nowait()
        except queue.Empty:
            if time.monotonic() > deadline:
                raise Failed("the broker did not start") from None
            continue
        if re.fullmatch(r"[\w.]+:\d+", line):
            fleet.say(f"{broker.name} is ready")
            return line


def run(fleet, program):
    ports = {service: configured_port(service) for stage in SERVICES for service in stage}
    for service, port in ports.items():
        if is_taken(port):
            raise Failed(f"port {port}, which {service} needs, is taken")

    environment = dict(os.environ)
    brokers = environment.pop("KAFKA_BROKERS", "")
    if not brokers:
        brokers = start_broker(fleet, environment)
        # Tansu lets a group wait half of the first before its first member gets work, and answers
        # a fetch that has found nothing when the second is over, whatever has come meanwhile.
        environment.setdefault(
            "FLOTILLA_BUS_KAFKA_PROPERTIES", "session.timeout.ms=6000,fetch.wait.max.ms=50")
    environment.setdefault("FLOTILLA_AUTH_SEALING_KEY", sealing_key())
    environment["FLOTILLA_BUS_KAFKA_BROKERS"] = brokers
    library = subprocess.run(
        [str(ROOT / "scripts/librdkafka.sh")], check=True, capture_output=True, text=True)
    paths = [library.stdout.strip(), environment.get("LD_LIBRARY_PATH", "")]
    environment["LD_LIBRARY_PATH"] = ":".join(filter(None, paths))

    for stage, services in enumerate(SERVICES, start=1):
        started = [
            fleet.start(
                service, [program, "serve", "--config", str(CONFIG / f"{service}.yaml")],
                environment, stage=stage)
            for service in services
        ]
        for process in started:
            url = f"http://127.0.0.1:{ports[process.name]}/health/ready"
            fleet.wait_until_ready(process, url)
    fleet.say(f"serving on http://127.0.0.1:{ports['gateway']}; Ctrl-C stops everything")
    while True:
        fleet.check(timeout=60)


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    fleet = Fleet()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: fleet.events.put(("signal", number)))
    problem = None
    try:
        run(fleet, str(pathlib.Path(sys.argv[1]).resolve()))
    except Stopped as stopped:
        fleet.say(f"{stopped}: stopping the gateway, then the services, then the broker")
    except (Failed, OSError, subprocess.CalledProcessError) as error:
        problem = getattr(error, "stderr", None) or error
        fleet.say(f"{problem}; stopping the others")
    finally:
        is_clean = fleet.stop()
    if problem:
        # Once more, where the others' last lines do not bury it.
        fleet.say(f"failed: {problem}")
        return 1
    fleet.say("everything has stopped" if is_clean else "not everything stopped cleanly")
    return 0 if is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
