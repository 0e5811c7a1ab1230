"""Attempts on a dataset, counted from the first run on: real programs, real runs."""
import json
import os
import pathlib
import signal
import subprocess
import tempfile
import time
import unittest

BIN = pathlib.Path(os.environ["MAYFLY_BIN"])


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="mayfly-log-")
        self.addCleanup(self.folder.cleanup)
        self.path = pathlib.Path(self.folder.name)
        self.env = dict(os.environ, MAYFLY_STATE=str(self.path / "state"), NO_COLOR="1")
        (self.path / "d.csv").write_text("a\n1\n2\n")

    def call(self, program, *arguments, code=0):
        done = subprocess.run([str(BIN / program), *arguments], capture_output=True, env=self.env,
                              timeout=60, cwd=self.path, text=True)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout

    def job(self, output, *command, code=0, options=()):
        self.call("mayfly", "run", "-q", "--dataset", "d.csv", "-o", output, *options, "--",
                  *command, code=code)
        return json.loads((self.path / output).read_text())

    def report(self, certificate, *options):
        return json.loads(self.call("verify-cert", certificate, "--json", *options, code=5))

    def killed_run(self):
        """A run that is killed while its job holds the data, runner and all."""
        run = subprocess.Popen([str(BIN / "mayfly"), "run", "-q", "--dataset", "d.csv", "-o",
                                "lost.json", "--", "sh", "-c", "echo seen; sleep 60"],
                               stdout=subprocess.PIPE, env=self.env, cwd=self.path)
        with run.stdout:
            self.assertEqual(run.stdout.read(5), b"seen\n")
            run.send_signal(signal.SIGKILL)
            run.wait(timeout=30)


def attempt(certificate):
    return certificate["statement"]["predicate"]["run"]["attempt"]


def codes(report):
    return {check["code"] for check in report["checks"]}


class Attempts(Case):
    def test_each_run_on_a_dataset_is_counted_and_the_claim_stays_the_same(self):
        claims = set()
        for number in range(1, 4):
            certificate = self.job(f"{number}.json", "grep", "-c", "1", "/data/dataset.csv")
            self.assertEqual((attempt(certificate)["number"], attempt(certificate)["same_input"],
                              attempt(certificate)["open"]), (number, number, 0))
            claims.add(certificate["claim_hash"])
            report = self.report(f"{number}.json")
            self.assertEqual(report["selection"], f"counted {number} of {number}")
            self.assertEqual(report["log_trust"], "operator-only")
            self.assertLessEqual({"log-included", "attempts-counted", "operator-only"},
                                 codes(report))
        self.assertEqual(len(claims), 1)

    def test_another_input_or_dataset_is_counted_apart(self):
        self.job("1.json", "grep", "-c", "1", "/data/dataset.csv")
        other_input = self.job("2.json", "grep", "-c", "2", "/data/dataset.csv")
        self.assertEqual((attempt(other_input)["dataset_total"],
                          attempt(other_input)["same_input"]), (2, 1))
        (self.path / "d.csv").write_text("another\n1\n")
        other_data = self.job("3.json", "grep", "-c", "1", "/data/dataset.csv")
        self.assertEqual(attempt(other_data)["dataset_total"], 1)

    def test_a_run_that_was_killed_stays_in_the_count(self):
        self.killed_run()
        certificate = self.job("next.json", "grep", "-c", "1", "/data/dataset.csv")
        self.assertEqual((attempt(certificate)["number"], attempt(certificate)["open"]), (2, 1))
        self.assertFalse((self.path / "lost.json").exists())

    def test_a_failed_job_is_an_attempt_like_any_other(self):
        self.job("1.json", "false", code=1)
        certificate = self.job("2.json", "true")
        self.assertEqual((attempt(certificate)["number"], attempt(certificate)["open"]), (2, 0))

    def test_without_a_store_nothing_is_counted_and_that_shows(self):
        certificate = self.job("1.json", "true", options=("--no-store",))
        self.assertEqual(attempt(certificate), "uncounted")
        self.assertEqual(self.report("1.json")["selection"], "uncounted")

    def test_the_log_key_is_for_its_owner_alone(self):
        self.job("1.json", "true")
        key = self.path / "state" / "log.key"
        self.assertEqual(key.stat().st_mode & 0o777, 0o600)
        key.chmod(0o644)
        self.call("mayfly", "run", "-q", "--dataset", "d.csv", "-o", "2.json", "--", "true", code=1)
        self.assertFalse((self.path / "2.json").exists())


if __name__ == "__main__":
    unittest.main()
