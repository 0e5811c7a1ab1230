"""The trace of a run, and certificates that show some of it.

Goal: whoever has the trace can prove it, a changed one is found and named, and what is withheld is
seen to be. Method: one real run, then its files are taken, changed and shown in part.
"""
import json
import subprocess
import unittest

from cli_test import MAYFLY, VERIFY, Case

JOB = """
import os
for i in range(40):
    open(f"/work/out{i}", "w").write("x")
print('{"pii": true}')
"""


class Traced(Case):
    withhold = "files,network,result"

    def setUp(self):
        super().setUp()
        (self.path / "job.py").write_text(JOB)
        (self.path / "data.csv").write_text("name\nAda\n")
        done = self.mayfly("run", "--dataset", "data.csv", "--script", "job.py", "-q", "--trace",
                           "trace.jsonl", "--may-withhold", self.withhold, "-o", "cert.json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.lines = (self.path / "trace.jsonl").read_text().splitlines()

    def checks(self, *arguments):
        """Codes of stage disclosures and their details."""
        report = json.loads(self.verify(*arguments, "--json").stdout)
        return {check["code"]: check.get("detail", "") for check in report["checks"]
                if check["stage"] == "disclosures"}, report

    def write(self, lines):
        (self.path / "changed.jsonl").write_text("".join(line + "\n" for line in lines))
        return self.checks("cert.json", "--trace", "changed.jsonl")[0]


class Trace(Traced):
    def test_is_ordered_in_time_and_gives_the_root(self):
        events = [json.loads(line)["event"] for line in self.lines]
        times = [event["at_us"] for event in events]
        self.assertEqual(times, sorted(times))
        self.assertEqual(events[0]["event"], "exec")
        self.assertEqual(events[-1]["event"], "exit")
        self.assertEqual(sum(event["event"] == "open-create" for event in events), 40)
        codes, _ = self.checks("cert.json", "--trace", "trace.jsonl")
        self.assertEqual(codes["trace-matches"], f"{len(self.lines)} events")

    def test_a_changed_event_is_named(self):
        changed = list(self.lines)
        changed[7] = changed[7].replace('"error":0', '"error":1').replace('"pid":', '"pid":1')
        self.assertNotEqual(changed[7], self.lines[7])
        self.assertEqual(self.write(changed)["trace-differs"], "event 7 is the first that differs")

    def test_lines_exchanged_added_or_left_out_are_found(self):
        swapped = self.lines[:3] + [self.lines[4], self.lines[3]] + self.lines[5:]
        self.assertIn("exchanged", self.write(swapped)["trace-differs"])
        self.assertIn("it has", self.write(self.lines[:-1])["trace-differs"])
        self.assertIn("it has", self.write(self.lines + self.lines[-1:])["trace-differs"])
        self.assertIn("line 2", self.write([self.lines[0], "{}"])["trace-malformed"])
        self.assertIn("trace-malformed", self.write([" " + self.lines[0]]))
        self.assertIn("trace-malformed", self.write(["x" * 2_000_000]))

    def test_a_trace_is_of_one_run_and_of_no_batch(self):
        for program in ([VERIFY], [MAYFLY, "verify"]):
            done = subprocess.run(
                [*program, "--batch", ".", "--trace", "trace.jsonl"], capture_output=True,
                cwd=self.path, env=self.env, timeout=300)
            self.assertEqual(done.returncode, 64, done.stderr)
            self.assertIn(b"a trace is of one run", done.stderr)
            self.assertEqual(done.stdout, b"")


class Disclose(Traced):
    def shown(self, *arguments):
        done = self.mayfly("disclose", "cert.json", *arguments, "-o", "shown.json")
        self.assertEqual(done.returncode, 0, done.stderr)
        return self.checks("shown.json")

    def not_disclosed(self, *arguments):
        done = self.mayfly("disclose", "cert.json", *arguments, "-o", "refused.json")
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertFalse((self.path / "refused.json").exists())
        return done.stderr.decode()

    def test_shows_what_was_chosen_and_changes_nothing_signed(self):
        codes, report = self.shown("--trace", "trace.jsonl", "--events", "executions")
        self.assertIn("withheld: files", codes["events-shown"])
        self.assertIn("result-shown", codes)
        self.assertEqual(report["exit_code"], 5)
        before = json.loads((self.path / "cert.json").read_text())
        after = json.loads((self.path / "shown.json").read_text())
        self.assertEqual(before["certificate_id"], after["certificate_id"])
        self.assertEqual(before["statement"], after["statement"])
        self.assertEqual(before["proof"]["signatures"], after["proof"]["signatures"])

    def test_all_and_places(self):
        codes, _ = self.shown("--trace", "trace.jsonl", "--events", "all")
        self.assertEqual(codes["events-shown"], f"{len(self.lines)} of {len(self.lines)} events")
        last = len(self.lines) - 1
        codes, _ = self.shown("--trace", "trace.jsonl", "--events", f"executions,1-3,{last}")
        self.assertIn("events-shown", codes)

    def test_the_result_is_withheld_visibly(self):
        text = (self.path / "cert.json").read_text()
        value = json.loads(text)["statement"]["predicate"]["claim"]["result"]
        self.assertNotIn("value", value)
        self.assertEqual(value["size"], 0)
        codes, report = self.shown("--withhold-result")
        self.assertEqual(set(codes), {"disclosures-absent", "result-withheld"})
        self.assertTrue(report["certificate"]["result"]["withheld"])
        self.assertIn(b"WITHHELD", self.verify("shown.json").stdout)

    def test_only_what_was_fixed_before_the_run_can_be_withheld(self):
        self.assertIn("--may-withhold executions",
                      self.not_disclosed("--trace", "trace.jsonl", "--events", "files"))
        done = self.mayfly("run", "--no-store", "-q", "--trace", "t", "-o", "plain.json", "--",
                           "true")
        self.assertEqual(done.returncode, 0, done.stderr)
        done = self.mayfly("disclose", "plain.json", "--withhold-result", "-o", "refused.json")
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"--may-withhold result", done.stderr)

    def test_mistakes_are_said(self):
        self.assertIn("--trace", self.not_disclosed("--events", "all"))
        message = self.not_disclosed("--trace", "trace.jsonl", "--events", "everything")
        self.assertIn("kinds", message)
        (self.path / "other.jsonl").write_text(self.lines[0] + "\n")
        message = self.not_disclosed("--trace", "other.jsonl", "--events", "all")
        self.assertIn("is not the trace", message)

    def test_the_same_inputs_give_the_same_claim(self):
        hashes = set()
        for run in ("one", "two"):
            done = self.mayfly("run", "--dataset", "data.csv", "--script", "job.py", "-q",
                               "--may-withhold", self.withhold, "-o", f"{run}.json")
            self.assertEqual(done.returncode, 0, done.stderr)
            hashes.add(json.loads((self.path / f"{run}.json").read_text())["claim_hash"])
        self.assertEqual(len(hashes), 1)


if __name__ == "__main__":
    unittest.main()
