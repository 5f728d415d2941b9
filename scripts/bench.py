#!/usr/bin/env python3
"""Measures Flotilla beside what it stands on, and prints the ratios.

    scripts/bench.py FLOTILLA FLOTILLA-BENCH [--only P1,P5] [--scale 1] [--accept]

The programs are release builds. Every figure is a ratio of two measurements on this machine, made in
turns; docs/performance.md tells how. The table goes to standard output, progress to standard error,
results and a picture to bench/results/. BENCH_DIRECTORY is where data is written, by default /tmp.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import re
import shutil
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "bench"))

from harness import report  # noqa: E402
from harness.processes import Failed, Workshop, say  # noqa: E402

RESULTS = ROOT / "bench/results"


class Size:
    """How much is measured. Less than all of it tries the harness, and says nothing."""

    def __init__(self, scale):
        self.scale = scale

    def seconds(self, full):
        return max(1, round(full * self.scale))

    def count(self, full):
        return max(20, round(full * self.scale))

    def rounds(self, full):
        return max(2, round(full * min(1, self.scale * 4)))


def output(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=30)
        return done.stdout.strip().splitlines()[0] if done.stdout.strip() else ""
    except OSError:
        return ""


def machine(directory):
    """What a sceptic asks first."""
    cpu = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    memory = re.search(r"MemTotal:\s+(\d+)", pathlib.Path("/proc/meminfo").read_text())
    return {
        "at": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "cores": os.cpu_count(), "cpu": cpu[1] if cpu else platform.machine(),
        "memoryMiB": int(memory[1]) // 1024 if memory else 0,
        "system": platform.platform(),
        "fileSystem": output("stat", "--file-system", "--format=%T", str(directory)),
        "commit": output("git", "rev-parse", "HEAD"),
        "isClean": not output("git", "status", "--porcelain"),
        "swift": output("swift", "--version"),
        "postgres": output("psql", "--version"), "wrk": output("sh", "-c", "wrk -v 2>&1"),
        "librdkafka": output("pkg-config", "--modversion", "rdkafka"),
        "sqlite": output("pkg-config", "--modversion", "sqlite3"), "packages": packages(),
        "loadBefore": os.getloadavg()[0],
    }


def packages():
    """What the Swift package manager chose."""
    path = ROOT / "Package.resolved"
    pins = json.loads(path.read_text())["pins"] if path.exists() else []
    return {pin["identity"]: pin["state"].get("version") for pin in pins}


def chosen(text, known):
    if not text:
        return known
    names = [name.strip().upper() for name in text.split(",") if name.strip()]
    if not names:
        sys.exit(f"bench: nothing is named; there are {', '.join(known)}")
    if unknown := [name for name in names if name not in known]:
        sys.exit(f"bench: there is no {', '.join(unknown)}; there are {', '.join(known)}")
    return names


def scale(text):
    value = float(text)
    if not 0 < value <= 10:
        raise argparse.ArgumentTypeError("a scale is above 0 and at most 10")
    return value


def directory():
    """Where data is written."""
    path = pathlib.Path(os.environ.get("BENCH_DIRECTORY", "/tmp"))
    if not path.is_dir():
        sys.exit(f"bench: BENCH_DIRECTORY: there is no directory {path}")
    return path.resolve()


def measure(names, cases, workshop, size):
    lines, failures = [], []
    for name in names:
        begin = time.monotonic()
        say(f"{name} begins")
        try:
            lines += cases[name](workshop, size)
        except (Failed, OSError, ValueError, subprocess.SubprocessError) as error:
            failures.append(f"{name}: {error}")
            say(f"{name} FAILED: {error}")
        finally:
            for process in reversed(workshop.processes):
                process.stop()
            workshop.processes = []
        say(f"{name} took {time.monotonic() - begin:.0f} s")
    return lines, failures


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("flotilla", type=pathlib.Path)
    parser.add_argument("bench", type=pathlib.Path)
    parser.add_argument("--only", default="", help="such as P1,P5; everything without it")
    parser.add_argument("--scale", type=scale, default=1, help="less than 1 only tries")
    parser.add_argument("--accept", action="store_true",
                        help="later runs are compared with this one")
    parser.add_argument("--check", action="store_true", help="look at the arguments, and end")
    options = parser.parse_args()
    from harness.cases import ALL
    names = chosen(options.only, list(ALL))
    if options.accept and (options.scale != 1 or len(names) < len(ALL)):
        sys.exit("bench: only a run of everything in full size can be accepted")
    parent = directory()
    if options.check:
        return 0

    def interrupt(number, _):
        raise KeyboardInterrupt

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    begin = time.monotonic()
    workshop = Workshop(
        options.flotilla.resolve(), options.bench.resolve(),
        parent=parent)
    try:
        about = machine(workshop.directory)
        about["scale"] = options.scale
        if about["fileSystem"] == "tmpfs":
            say("this directory is in memory: set BENCH_DIRECTORY to one on a disk")
        lines, failures = measure(names, ALL, workshop, Size(options.scale))
    except KeyboardInterrupt:
        say("stopped")
        return 130
    finally:
        # Whatever comes meanwhile, nothing is left behind.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        workshop.close()
    return tell(lines, failures, about, time.monotonic() - begin, options)


def tell(lines, failures, about, seconds, options):
    accepted, accepted_on = report.read_accepted(RESULTS / "accepted.json")
    if lines:
        print(report.table(lines, accepted))
        notes = [(line.id, [f"beside {line.beside}"] * bool(line.beside)
                  + [line.note] * bool(line.note)) for line in lines]
        print("\n" + "\n".join(f"{id}: {'; '.join(parts)}" for id, parts in notes if parts))
        name = about["at"].replace(":", "").replace("+0000", "Z")
        if options.scale != 1:
            name += "-tried"
        stem = RESULTS / name
        report.write_json(stem.with_suffix(".json"), about, lines, seconds, failures)
        report.draw(lines, stem)
        print(f"\n{seconds:.0f} s on {about['cores']} cores ({about['cpu']}), commit"
              f" {about['commit'][:10]}{'' if about['isClean'] else ' with changes'};"
              f" {stem.relative_to(ROOT)}.json, .svg, .png")
        if accepted and accepted_on.get("cpu") != about["cpu"]:
            print(f"What was accepted comes from another machine: {accepted_on.get('cpu')}.")
        if options.scale != 1:
            print("These figures come from a run that is too small to say anything.")
    for failure in failures:
        print(f"bench: {failure}", file=sys.stderr)
    if failures:
        return 1
    if options.accept:
        shutil.copy(stem.with_suffix(".json"), RESULTS / "accepted.json")
        print("accepted")
    return 0


if __name__ == "__main__":
    sys.exit(main())
