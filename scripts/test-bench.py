#!/usr/bin/env python3
"""Tests what bench.py makes of its samples, and how it reads PostgreSQL's log."""

import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import unittest.mock

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "scripts")]

import bench  # noqa: E402
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

    def test_runs_differ_when_their_stated_spreads_do_not_touch(self):
        def ratios(samples):
            return Line.ratio("P0", "x", [(1, sample) for sample in samples], 1)

        # The middle half is 0.1 wide, so that the notch is 0.09.
        accepted = ratios([0.9, 1.0, 1.1]).json()
        self.assertEqual(compared(ratios([1.09, 1.09, 1.09]), accepted), "same")
        self.assertEqual(compared(ratios([1.07, 1.17, 1.27]), accepted), "same")
        self.assertEqual(compared(ratios([1.2, 1.2, 1.2]), accepted), "better by 20%")
        self.assertEqual(compared(ratios([0.7, 0.7, 0.7]), accepted), "WORSE by 30%")
        self.assertEqual(compared(ratios([1.0]), None), "")

    def test_what_no_rounds_show_is_stated_with_the_spread(self):
        ratio = Line.ratio("P0", "x", [(10, 10)], 1)
        self.assertAlmostEqual(ratio.stated, 0.02)
        self.assertEqual(compared(Line.ratio("P0", "x", [(10, 10.3)], 1), ratio.json()), "same")
        self.assertEqual(
            compared(Line.ratio("P0", "x", [(10, 10.5)], 1), ratio.json()), "better by 5%")
        for unit, value, found in (("ms", 114, "same"), ("MiB", 105, "same"),
                                   ("MiB", 107, "WORSE by 7%")):
            accepted = Line("P0", "x", [100], 1, False, unit).json()
            self.assertEqual(compared(Line("P0", "x", [value], 1, False, unit), accepted), found)

    def test_other_work_is_not_compared(self):
        def of(events):
            return Line.ratio("P0", "x", [(1, 1)], 1, setup={"events": events})

        self.assertEqual(compared(of(10), of(10).json()), "same")
        self.assertEqual(compared(of(20), of(10).json()), "")

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
        self.assertEqual(cells[3], ["P2", "slow", "32.0 ms", "2.56", "31.0 – 33.0", "≤ 30.0 ms",
                                    "NO", "–", "", ""])

    def test_results_are_read_again_as_they_were_written(self):
        with tempfile.TemporaryDirectory() as directory:
            results = pathlib.Path(directory) / "results/2026.json"
            accepted = results.with_name("accepted.json")
            self.assertEqual(report.read_results(accepted), ({}, {}))
            one = line([1, 2, 3], id="P7-1")
            report.write_json(results, {"cores": 2}, [one], 1.5)
            for _ in range(2):
                report.accept(results, accepted)
            self.assertEqual(report.read_results(accepted), ({"P7-1": one.json()}, {"cores": 2}))

    def test_a_run_says_how_much_of_it_came_to_the_same(self):
        lines = [line([1.0], id="P1"), line([2.0], id="P2"), line([1.0], id="P3")]
        accepted = {name: line([1.0], id=name).json() for name in ("P1", "P2")}
        self.assertEqual(
            report.agreement(lines, accepted),
            "1 of 2 lines lie within the spread that both runs state.")


class Asking(unittest.TestCase):
    """What the caller did wrong is one line and 2, before anything is measured."""

    def refused(self, *arguments, programs=("true", "true"), **environment):
        run = subprocess.run(
            [sys.executable, ROOT / "scripts/bench.py",
             *(f"/bin/{name}" for name in programs), *arguments],
            env={**os.environ, **environment}, capture_output=True, text=True, timeout=60)
        self.assertEqual((run.returncode, run.stdout), (2, ""), run.stderr)
        self.assertEqual(len(run.stderr.splitlines()), 1, run.stderr)
        return run.stderr

    def test_what_is_not_there_is_named(self):
        self.assertIn("there is no P99; there are P1, P2", self.refused("--only", "p1,P99"))
        self.assertIn("nothing is named", self.refused("--only", " , "))
        for text in ("0", "-1", "11", "much", "nan"):
            self.assertIn(text, self.refused(f"--scale={text}"))
        self.assertIn("everything", self.refused("--accept", "--only", "P1"))
        self.assertIn("--what", self.refused("--what"))
        self.assertIn("/none", self.refused(BENCH_DIRECTORY="/none"))
        self.assertIn("BENCH_DIRECTORY: ", self.refused(BENCH_DIRECTORY="/proc"))
        self.assertIn("/none", self.refused("--against", "/none"))
        self.assertIn("can't be compared", self.refused("--against", "/etc/passwd"))
        self.assertIn("/bin/none", self.refused(programs=("true", "none")))

    def test_a_line_names_the_benchmark_that_it_comes_from(self):
        self.assertEqual(bench.chosen("p6-2, P1,P6"), ["P6", "P1"])
        self.assertEqual(bench.chosen(""), list(bench.ALL))


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
        self.assertEqual((calls, pairs), (["A", "B", "A", "B", "B", "A"], [(2, 4)] * 2))

    def test_a_benchmark_that_fails_loses_nothing_of_the_others(self):
        def broken(workshop, size):
            workshop.start(["sleep", "60"])
            workshop.new_directory("left")
            raise KeyError("events")

        lines, failures = [], []
        workshop = Workshop("none", "none")
        try:
            with unittest.mock.patch.dict(
                    bench.ALL, {"P1": broken, "P2": lambda *_: [line([1.0])]}):
                bench.measure(["P1", "P2"], workshop, bench.Size(1), lines, failures)
            self.assertEqual((workshop.processes, list(workshop.directory.iterdir())), ([], []))
        finally:
            workshop.close()
        self.assertEqual((len(lines), failures), (1, ["P1: KeyError: 'events'"]))

    def test_a_program_that_fails_is_no_result(self):
        workshop = Workshop("none", "none")
        try:
            told = ["sh", "-c", "echo ok; echo '{\"a\": 1}'"]
            self.assertEqual(workshop.run_json(told), {"a": 1})
            self.assertEqual(workshop.run(told), 'ok\n{"a": 1}')
            with self.assertRaisesRegex(Failed, "no result"):
                workshop.run_json(["echo", "ok"])
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
            deadline = time.monotonic() + 20
            while pathlib.Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
                time.sleep(0.02)
            self.assertFalse(pathlib.Path(f"/proc/{pid}").exists())
            self.assertEqual(sorted(entry.name for entry in pathlib.Path(home).iterdir()),
                             ["pid", "program"])


if __name__ == "__main__":
    unittest.main()
