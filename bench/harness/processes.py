"""Processes and directories that are gone when the run ends, however it ends."""

import ctypes
import json
import os
import pathlib
import queue
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]


STOP_SECONDS = float(os.environ.get("BENCH_STOP_SECONDS", "15"))


class Failed(Exception):
    """What was to be measured did not work; the figures would mean nothing."""


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def die_with_parent():
    """In the child: when the harness is killed, its children go, too."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM)


class Workshop:
    """A directory for everything that a run writes, and the processes that it started."""

    def __init__(self, flotilla, bench, parent="/tmp"):
        self.flotilla, self.bench = str(flotilla), str(bench)
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="flotilla-measures.", dir=parent))
        # PostgreSQL's own user passes through, nobody reads.
        self.directory.chmod(0o711)
        self.processes = []
        self.count = 0

    def new_directory(self, name):
        self.count += 1
        path = self.directory / f"{self.count}-{name}"
        path.mkdir()
        return path

    def start(self, command, **options):
        process = Process(command, self.new_directory("process"), **options)
        self.processes.append(process)
        return process

    def run(self, command, **options):
        """Runs a command to its end; what it wrote."""
        process = self.start(command, **options)
        try:
            return process.text()
        finally:
            self.stop(process)

    def run_json(self, command, **options):
        """Runs a command to its end; its last line as JSON."""
        return self.finish(self.start(command, **options))

    def finish(self, process):
        """Waits for a process's end; its last line as JSON."""
        try:
            return process.result()
        finally:
            self.stop(process)

    def run_bench(self, *arguments, **options):
        return self.run_json([self.bench, *map(str, arguments)], **options)

    def stop(self, process):
        process.stop()
        if process in self.processes:
            self.processes.remove(process)

    def discard(self, path):
        shutil.rmtree(path, ignore_errors=True)

    def clear(self):
        """Stops what still runs, and removes what was written."""
        for process in reversed(self.processes):
            process.stop()
        self.processes = []
        for path in self.directory.iterdir():
            shutil.rmtree(path, ignore_errors=True)

    def close(self):
        self.clear()
        shutil.rmtree(self.directory, ignore_errors=True)


class Process:
    """One process in a session of its own, so that Ctrl-C reaches the harness alone.

    Its standard input stays open while it is wanted; some programs end when it is closed.
    """

    def __init__(self, command, directory, environment=None, is_silent=False):
        self.command = [str(word) for word in command]
        self.errors = directory / "stderr"
        self.lines = queue.SimpleQueue()
        self.seen = []
        with open(self.errors, "wb") as errors:
            self.child = subprocess.Popen(
                self.command, cwd=directory, env={**os.environ, **(environment or {})},
                stdin=subprocess.PIPE, stderr=errors,
                stdout=subprocess.DEVNULL if is_silent else subprocess.PIPE,
                start_new_session=True, preexec_fn=die_with_parent)
        if not is_silent:
            threading.Thread(target=self.read, daemon=True).start()

    @property
    def pid(self):
        return self.child.pid

    def read(self):
        with self.child.stdout as output:
            for line in output:
                self.lines.put(line.decode("utf-8", "replace").rstrip("\n"))
        self.lines.put(None)

    def line(self, pattern, timeout=60):
        """Waits for a line that matches."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                line = self.lines.get(timeout=max(0.01, deadline - time.monotonic()))
            except queue.Empty:
                raise Failed(f"{self.name} never said {pattern}: {self.complaint()}") from None
            if line is None:
                raise Failed(f"{self.name} ended early: {self.complaint()}")
            self.seen.append(line)
            if found := re.search(pattern, line):
                return found

    def result(self, timeout=300):
        """Waits for its end; its last line as JSON."""
        self.text(timeout)
        try:
            return json.loads(self.seen[-1])
        except (IndexError, ValueError):
            raise Failed(f"{self.name} told no result: {self.seen[-1:]}") from None

    def text(self, timeout=300):
        """Waits for its end; all that it wrote."""
        deadline = time.monotonic() + timeout
        while (line := self.next_line(deadline)) is not None:
            self.seen.append(line)
        code = self.child.wait(timeout=max(1, deadline - time.monotonic()))
        if code != 0:
            raise Failed(f"{self.name} ended with {code}: {self.complaint()}")
        return "\n".join(self.seen)

    def next_line(self, deadline):
        try:
            return self.lines.get(timeout=max(0.01, deadline - time.monotonic()))
        except queue.Empty:
            raise Failed(f"{self.name} did not end in time: {self.complaint()}") from None

    def end_input(self):
        try:
            self.child.stdin.close()
        except (BrokenPipeError, OSError):
            pass

    def stop(self):
        """Asks it to end, then makes it."""
        self.end_input()
        if self.child.poll() is None:
            self.signal(signal.SIGTERM)
            try:
                self.child.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.signal(signal.SIGKILL)
                self.child.wait()
        # What it started itself.
        self.signal(signal.SIGKILL)

    def signal(self, number):
        try:
            os.killpg(self.child.pid, number)
        except (ProcessLookupError, PermissionError):
            pass

    def is_running(self):
        return self.child.poll() is None

    @property
    def name(self):
        return " ".join([pathlib.Path(self.command[0]).name, *self.command[1:2]])

    def complaint(self):
        text = self.errors.read_text(errors="replace").strip()
        return "\n".join((text.splitlines() or self.seen)[-8:])

    def processor_seconds(self):
        """What all of its threads have used of the cores."""
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_mebibytes(self, most=False):
        """What it holds in memory now, or the most that it ever held."""
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        field = "VmHWM" if most else "VmRSS"
        return int(re.search(rf"{field}:\s+(\d+) kB", status)[1]) / 1024


def alternating(rounds, component, flotilla, name=""):
    """Measures both in turns, ABBA…, after one unmeasured turn of each; (component, flotilla).

    Who comes second finds the machine as the first one left it, so that neither always does.
    """
    component(), flotilla()
    pairs = []
    for index in range(rounds):
        if index % 2 == 0:
            pair = (component(), flotilla())
        else:
            pair = (flotilla(), component())[::-1]
        pairs.append(pair)
        say(f"{name} round {index + 1}/{rounds}: component {pair[0]:.6g}, flotilla {pair[1]:.6g}")
    return pairs
