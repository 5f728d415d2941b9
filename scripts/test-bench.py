#!/usr/bin/env python3
"""Tests what bench.py makes of its samples, and how it reads PostgreSQL's log."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "bench"))

from harness import capture, report  # noqa: E402
from harness.processes import Failed, Workshop, alternating  # noqa: E402
from harness.samples import Line, Spread, compared, quantile  # noqa: E402


def line(samples, goal=1.0, is_more_better=True, id="P0"):
    return Line(id, "something", samples, goal, is_more_better)


class Samples(unittest.TestCase):
    def test_quantiles_lie_between_the_ranks(self):
        self.assertEqual(quantile([3, 1, 2], 0.5), 2)
        self.assertEqual(quantile([1, 2, 3, 4], 0.5), 2.5)
        self.assertEqual(quantile([1, 2, 3, 4, 5], 0.25), 2)
        self.assertEqual(quantile([7], 0.99), 7)

    def test_a_spread_is_the_notch_of_a_box_plot(self):
        found = Spread.of([1, 2, 3, 4, 100])
        self.assertAlmostEqual(found.notch, 1.57 * 2 / 5 ** 0.5)
        self.assertEqual((found.least, found.greatest), (1, 100))
        self.assertEqual(Spread.of([7]), Spread(0, 7, 7))

    def test_ratios_are_those_of_pairs_not_of_medians(self):
        found = Line.ratio("P1", "x", [(100, 50), (10, 9), (1, 0.6)], 0.5)
        self.assertEqual(found.samples, [0.5, 0.9, 0.6])
        self.assertEqual(found.value, 0.6)
        self.assertEqual((found.flotilla, found.component), ([50, 9, 0.6], [100, 10, 1]))

    def test_what_measured_nothing_is_no_result(self):
        for pairs in ([], [(0, 1)], [(1, 0)]):
            with self.assertRaises(ValueError):
                Line.ratio("P1", "x", pairs, 0.5)

    def test_goals_point_both_ways(self):
        self.assertTrue(line([1.0]).is_reached)
        self.assertFalse(line([0.99]).is_reached)
        self.assertTrue(line([1.0], is_more_better=False).is_reached)
        self.assertFalse(line([1.01], is_more_better=False).is_reached)

    def test_medians_differ_when_their_notches_do_not_touch(self):
        def ratios(samples):
            return Line.ratio("P0", "x", [(1, sample) for sample in samples], 1)

        # The middle half is 0.1 wide, so that the notch is 0.09.
        accepted = ratios([0.9, 1.0, 1.1]).json()
        self.assertEqual(compared(ratios([1.09, 1.09, 1.09]), accepted), "same")
        self.assertEqual(compared(ratios([1.07, 1.17, 1.27]), accepted), "same")
        self.assertEqual(compared(ratios([1.2, 1.2, 1.2]), accepted), "better by 20%")
        self.assertEqual(compared(ratios([0.7, 0.7, 0.7]), accepted), "WORSE by 30%")
        self.assertEqual(compared(ratios([1.0]), None), "")

    def test_times_drift_with_the_machine(self):
        ratio = Line.ratio("P0", "x", [(10, 10)], 1).json()
        self.assertEqual(compared(Line.ratio("P0", "x", [(10, 10.2)], 1), ratio), "same")
        self.assertEqual(compared(Line.ratio("P0", "x", [(10, 10.4)], 1), ratio), "better by 4%")
        for unit, value, found in (("ms", 114, "same"), ("MiB", 104, "same"),
                                   ("MiB", 106, "WORSE by 6%")):
            accepted = Line("P0", "x", [100], 1, False, unit).json()
            self.assertEqual(compared(Line("P0", "x", [value], 1, False, unit), accepted), found)

    def test_a_goal_that_is_missed_now_is_told_even_when_little_changed(self):
        accepted = line([1.0]).json()
        self.assertEqual(compared(line([0.99]), accepted), "same, goal missed now")
        self.assertEqual(compared(line([0.99]), line([0.99]).json()), "same")

    def test_less_may_be_better(self):
        accepted = line([10, 10], is_more_better=False).json()
        self.assertEqual(compared(line([5, 5], is_more_better=False), accepted), "better by 50%")


class Reports(unittest.TestCase):
    def test_a_table_says_what_is_not_reached(self):
        lines = [Line.ratio("P1", "fast", [(1000, 900), (1000, 700)], 0.75),
                 Line("P2", "slow", [31.0, 33.0], 30, False, "ms")]
        rows = report.table(lines, {}).splitlines()
        self.assertEqual(len({len(row) for row in rows}), 1)
        cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
        self.assertEqual(cells[2], ["P1", "fast", "0.80 ×", "0.11", "0.70 – 0.90", "≥ 0.75", "yes",
                                    "–", "800 1/s", "1 000 1/s"])
        self.assertEqual(cells[3], ["P2", "slow", "32.0 ms", "1.11", "31.0 – 33.0", "≤ 30.0 ms",
                                    "NO", "–", "", ""])

    def test_results_are_read_again_as_they_were_written(self):
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory) / "results/accepted.json"
            self.assertEqual(report.read_accepted(path), ({}, {}))
            one = line([1, 2, 3], id="P7-1")
            report.write_json(path, {"cores": 2}, [one], 1.5)
            self.assertEqual(report.read_accepted(path), ({"P7-1": one.json()}, {"cores": 2}))


LOG = """\
6b.1|flotilla/order|LOG:  statement: BEGIN ISOLATION LEVEL REPEATABLE READ
6b.2|flotilla/order|LOG:  execute flotilla_9: SELECT 1
6b.1|flotilla/order|LOG:  execute flotilla_1: INSERT INTO orders (id, note, at)
\tVALUES ($1, $2, $3)
6b.1|flotilla/order|DETAIL:  parameters: $1 = '0190aaaa-0000-7000-8000-00000000000{0}', \
$2 = 'it''s {0}', $3 = '2026-01-0{0} 10:00:00+00'
6b.1|flotilla/order|LOG:  statement: COMMIT
"""


class Capturing(unittest.TestCase):
    def setUp(self):
        self.log = LOG.replace("{0}", "1") + LOG.replace("{0}", "2")

    def test_transactions_are_put_together_by_session(self):
        first, second = capture.transactions(self.log, "flotilla/order")
        self.assertEqual([statement.split()[0] for statement, _ in first],
                         ["BEGIN", "INSERT", "COMMIT"])
        self.assertEqual(first[1][1][2], "it's 1")
        self.assertEqual(second[1][1][1], "0190aaaa-0000-7000-8000-000000000002")
        self.assertEqual(capture.transactions(self.log, "flotilla/user"), [])

    def test_what_differs_becomes_random_of_its_type(self):
        first, second = capture.transactions(self.log, "flotilla/order")
        script = capture.pgbench_script(
            first, second, lambda _: ["uuid", "text", "timestamp with time zone"])
        self.assertEqual(script.splitlines(), [
            "\\set value_1 random(1, 4611686018427387903)",
            "\\set value_2 random(1, 4611686018427387903)",
            "BEGIN ISOLATION LEVEL REPEATABLE READ;",
            "INSERT INTO orders (id, note, at) VALUES (lpad(to_hex(:value_1::bigint), 32,"
            " '0')::uuid, lpad(:value_2::bigint::text, 6, 'x'),"
            " (now() + interval '0 seconds')::timestamp with time zone);",
            "COMMIT;",
        ])

    def test_constants_hide_their_colons_from_pgbench(self):
        self.assertEqual(capture.literal("a'b"), "'a''b'")
        self.assertEqual(capture.literal('{"a":1}'), "E'{\"a\"\\x3a1}'")

    def test_what_is_not_there_is_no_script(self):
        with self.assertRaises(Failed):
            capture.transaction_with(self.log, "flotilla/order", "another key")


class Running(unittest.TestCase):
    def test_rounds_alternate_after_a_warm_up(self):
        calls = []

        def measure(name, value):
            calls.append(name)
            return value

        pairs = alternating(2, lambda: measure("A", 2), lambda: measure("B", 4), "x")
        self.assertEqual((calls, pairs), (["A", "B"] * 3, [(2, 4)] * 2))

    def test_a_program_that_fails_is_no_result(self):
        workshop = Workshop("none", "none")
        try:
            self.assertEqual(workshop.run(["sh", "-c", "echo ok; echo '{\"a\": 1}'"]), {"a": 1})
            with self.assertRaisesRegex(Failed, "broken"):
                workshop.run(["sh", "-c", "echo broken >&2; exit 3"])
        finally:
            workshop.close()
        self.assertFalse(workshop.directory.exists())

    def test_an_interrupted_run_leaves_nothing_behind(self):
        with tempfile.TemporaryDirectory() as home:
            stand_in = pathlib.Path(home) / "program"
            # A server that never listens, and does not care for SIGTERM.
            stand_in.write_text(f"#!/bin/sh\ntrap '' TERM\necho $$ > {home}/pid\n"
                                "while :; do sleep 0.1; done\n")
            stand_in.chmod(0o755)
            run = subprocess.Popen(
                [sys.executable, ROOT / "scripts/bench.py", stand_in, stand_in, "--only", "P11",
                 "--scale", "0.01"],
                env={**os.environ, "BENCH_DIRECTORY": home, "BENCH_STOP_SECONDS": "0.3"},
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
            deadline = time.monotonic() + 20
            def pid_is_known():
                path = pathlib.Path(home) / "pid"
                return path.exists() and path.read_text().endswith("\n")

            while not pid_is_known() and time.monotonic() < deadline:
                time.sleep(0.02)
            os.killpg(run.pid, signal.SIGINT)
            _, errors = run.communicate(timeout=20)
            self.assertEqual(run.returncode, 130, errors.decode())
            pid = int((pathlib.Path(home) / "pid").read_text())
            # Killed it is; whoever inherited it has yet to take note of that.
            while pathlib.Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
                time.sleep(0.02)
            self.assertFalse(pathlib.Path(f"/proc/{pid}").exists())
            self.assertEqual(sorted(entry.name for entry in pathlib.Path(home).iterdir()),
                             ["pid", "program"])


if __name__ == "__main__":
    unittest.main()
