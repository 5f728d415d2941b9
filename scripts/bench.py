#!/usr/bin/env python3
"""Measures Flotilla beside what it stands on, and prints the ratios.

    scripts/bench.py FLOTILLA FLOTILLA-BENCH [--only P1,P5] [--scale 1] [--accept] [--against FILE]

The programs are release builds. Wherever there is something to stand beside, a figure is a ratio of
two measurements on this machine, made in turns; docs/performance.md tells how. The table goes to
standard output, progress to standard error, results and a picture to bench/results/. BENCH_DIRECTORY
is where data is written, by default /tmp. What the caller did wrong ends it with 2, a benchmark that
failed with 1.
"""

import argparse
import os
import pathlib
import signal
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "bench"))

from harness import machine, report  # noqa: E402
from harness.cases import ALL  # noqa: E402
from harness.processes import Workshop, say  # noqa: E402

RESULTS = ROOT / "bench/results"
ACCEPTED = RESULTS / "accepted.json"


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


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message):
        refuse(message)


def refuse(text):
    print(f"bench: {text}", file=sys.stderr)
    sys.exit(2)


def chosen(text):
    """The benchmarks that are named, each once; a line's id names the one that it comes from."""
    names = [name.split("-")[0] for name in text.upper().replace(" ", "").split(",") if name]
    if text and not names:
        refuse(f"nothing is named; there are {', '.join(ALL)}")
    if unknown := [name for name in names if name not in ALL]:
        refuse(f"there is no {', '.join(unknown)}; there are {', '.join(ALL)}")
    return list(dict.fromkeys(names)) or list(ALL)


def scale(text):
    try:
        value = float(text)
    except ValueError:
        value = 0
    if not 0 < value <= 10:
        raise argparse.ArgumentTypeError(f"{text} is none: it is above 0 and at most 10")
    return value


def directory():
    """Where data is written."""
    path = pathlib.Path(os.environ.get("BENCH_DIRECTORY") or "/tmp")
    if not path.is_dir():
        refuse(f"BENCH_DIRECTORY: there is no directory {path}")
    return path.resolve()


def parsed():
    parser = Parser(
        description=__doc__.splitlines()[0],
        epilog="BENCH_DIRECTORY is where data is written, by default /tmp.")
    parser.add_argument("flotilla", type=pathlib.Path, help="the program, a release build")
    parser.add_argument("bench", type=pathlib.Path, help="flotilla-bench, a release build")
    parser.add_argument("--only", default="", help="such as P1,P5; everything without it")
    parser.add_argument("--scale", type=scale, default=1, help="less than 1 only tries")
    parser.add_argument("--accept", nargs="?", const="1", choices=["1"],
                        help="later runs are compared with this one")
    parser.add_argument("--against", type=pathlib.Path, default=ACCEPTED, metavar="FILE",
                        help="what to compare with, by default what was accepted")
    parser.add_argument("--check", action="store_true", help="look at the arguments, and end")
    options = parser.parse_args()
    options.names = chosen(options.only)
    if options.accept and (options.scale != 1 or len(options.names) < len(ALL)):
        refuse("only a run of everything in full size can be accepted")
    if options.accept and not machine.is_clean():
        refuse("only a run of what is committed can be accepted")
    options.parent = directory()
    try:
        options.accepted, options.accepted_on = report.read_results(options.against)
    except (OSError, ValueError, KeyError, TypeError) as error:
        refuse(f"{options.against} can't be compared with: {error}")
    if options.against != ACCEPTED and not options.accepted:
        refuse(f"there is no {options.against}")
    return options


def measure(names, workshop, size, lines, failures):
    """Adds to the lines, so that what is through is there even when the rest is not."""
    for name in names:
        begin = time.monotonic()
        say(f"{name} begins")
        try:
            lines += ALL[name](workshop, size)
        # Whatever goes wrong in one is no reason to lose the others.
        except Exception as error:
            failures.append(f"{name}: {type(error).__name__}: {error}")
            say(f"{name} FAILED: {error}")
        finally:
            workshop.clear()
        say(f"{name} took {time.monotonic() - begin:.0f} s")


def main():
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8")
    options = parsed()
    if options.check:
        return 0
    for program in (options.flotilla, options.bench):
        if not program.is_file() or not os.access(program, os.X_OK):
            refuse(f"there is no program {program}")

    def interrupt(number, _):
        raise KeyboardInterrupt

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    begin = time.monotonic()
    lines, failures, is_complete = [], [], False
    try:
        workshop = Workshop(
            options.flotilla.resolve(), options.bench.resolve(), parent=options.parent)
    except OSError as error:
        refuse(f"BENCH_DIRECTORY: {error}")
    try:
        about = machine.look(workshop.directory, patience=60 if options.scale == 1 else 0)
        about["scale"] = options.scale
        if about["fileSystem"] == "tmpfs":
            say("this directory is in memory: set BENCH_DIRECTORY to one on a disk")
        measure(options.names, workshop, Size(options.scale), lines, failures)
        is_complete = True
    except KeyboardInterrupt:
        say("stopped")
    finally:
        # Whatever comes meanwhile, nothing is left behind.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        workshop.close()
    if not is_complete:
        if lines:
            print(report.table(lines, options.accepted))
        return 130
    return tell(lines, failures, about, time.monotonic() - begin, options)


def tell(lines, failures, about, seconds, options):
    stem = RESULTS / about["at"].replace(":", "").replace("+0000", "Z")
    if options.scale != 1:
        stem = stem.with_name(stem.name + "-tried")
    if lines:
        # First what can't be measured again.
        report.write_json(stem.with_suffix(".json"), about, lines, seconds, failures)
        try:
            report.draw(lines, stem)
        # A picture is no reason to lose the table.
        except Exception as error:
            failures.append(f"no picture: {error}")
        print(report.table(lines, options.accepted))
        print(f"\n{report.notes(lines)}\n\n{seconds:.0f} s on {about['cores']} cores"
              f" ({about['cpu']}), commit {about['commit'][:10]}"
              f"{'' if about['isClean'] else ' with changes'};"
              f" {stem.relative_to(ROOT)}.json, .svg, .png")
        if options.scale != 1:
            print("This run is not of full size: its figures say nothing.")
        elif options.accepted:
            print(report.agreement(lines, options.accepted))
        if options.accepted and options.accepted_on.get("cpu") != about["cpu"]:
            print("It is compared with what comes from another machine:"
                  f" {options.accepted_on.get('cpu')}.")
    for failure in failures:
        print(f"bench: {failure}", file=sys.stderr)
    if failures:
        return 1
    if options.accept:
        report.accept(stem.with_suffix(".json"), ACCEPTED)
        print("accepted")
    return 0


if __name__ == "__main__":
    sys.exit(main())
