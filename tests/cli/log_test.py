"""Attempts on a dataset, counted from the first run on: real programs, real runs."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
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
                              timeout=300, cwd=self.path, text=True)
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


class Recount(Case):
    def runs(self):
        return [json.loads(line) for line in self.call("mayfly", "log", "show", "--json")
                .splitlines()]

    def key(self):
        return self.call("mayfly", "log", "show").split()[1]

    def test_a_run_that_loaded_data_and_left_no_certificate_is_an_abort(self):
        self.job("1.json", "true")
        self.env["MAYFLY_RUNNER"] = "/bin/true"
        self.call("mayfly", "run", "-q", "--dataset", "d.csv", "-o", "2.json", "--", "true", code=1)
        del self.env["MAYFLY_RUNNER"]
        self.killed_run()
        self.assertEqual([run["end"] for run in self.runs()], ["result", "abort", "open"])
        self.assertFalse((self.path / "2.json").exists())

    def test_a_stranger_counts_again_from_the_tiles_alone(self):
        first = self.job("first.json", "true")
        for number in range(4):
            self.job(f"{number}.json", "true")
        self.call("mayfly", "log", "export", "copy")
        told = json.loads(self.call("mayfly", "log", "verify", "copy", "--json", "--key",
                                    self.key()))
        self.assertEqual((told["entries"], told["runs"], told["results"], told["open"]),
                         (10, 5, 5, 0))
        self.assertTrue(told["signature_checked"])
        self.assertEqual(attempt(first)["dataset_total"], 1)
        report = self.report("first.json", "--log", "copy")
        self.assertEqual(report["selection"], "counted 1 of 5")
        self.assertIn("attempts-recounted", codes(report))

    def test_what_is_revoked_fails_for_whoever_has_the_log(self):
        first = self.job("first.json", "true")
        self.job("second.json", "true")
        self.call("mayfly", "log", "export", "before")
        self.call("mayfly", "log", "revoke", "--certificate", first["certificate_id"],
                  "--reason", "wrong-dataset")
        self.call("mayfly", "log", "export", "after")
        self.assertIn("not-revoked-in-log", codes(self.report("first.json", "--log", "before")))
        self.assertIn("revoked-in-log", codes(self.report("first.json", "--log", "after")))
        self.assertIn("not-revoked-in-log", codes(self.report("second.json", "--log", "after")))
        told = json.loads(self.call("mayfly", "log", "verify", "after", "--json"))
        self.assertEqual((told["entries"], told["runs"]), (5, 2))

    def test_a_revocation_names_one_thing_that_there_can_be(self):
        key, measurement = "a" * 64, "sha256:" + "b" * 64
        for words in ((), ("--key", key, "--measurement", measurement), ("--key", "a" * 63),
                      ("--certificate", "cert_12"), ("--measurement", "b" * 64)):
            self.call("mayfly", "log", "revoke", *words, "--reason", "bug", code=2)
        self.call("mayfly", "log", "revoke", "--key", key, "--reason", "Two Words", code=2)
        self.call("mayfly", "log", "revoke", "--key", key, "--reason", "key-compromised")
        self.call("mayfly", "log", "revoke", "--measurement", measurement, "--reason", "bug")

    def test_a_changed_tile_or_bundle_is_found(self):
        self.job("1.json", "true")
        self.call("mayfly", "log", "export", "copy")
        for name in ("tile/0/000.p/2", "tile/entries/000.p/2"):
            file = self.path / "copy" / name
            whole = file.read_bytes()
            for place in (0, len(whole) // 2, len(whole) - 1):
                file.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1:])
                done = subprocess.run([str(BIN / "mayfly"), "log", "verify", "copy"],
                                      capture_output=True, cwd=self.path, timeout=300)
                self.assertNotEqual(done.returncode, 0, (name, place))
            file.write_bytes(whole)
        self.call("mayfly", "log", "verify", "copy")

    def test_the_service_serves_the_log_that_the_command_line_writes(self):
        self.job("1.json", "true")
        server = subprocess.Popen([str(BIN / "mayfly"), "serve", "--port", "0"], env=self.env,
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(server.wait, 30)
        self.addCleanup(server.terminate)
        with server.stdout:
            url = server.stdout.readline().split()[-1] + "/log"
            for runs in (1, 2):
                told = json.loads(self.call("mayfly", "log", "verify", url, "--json", "--key",
                                            self.key()))
                self.assertEqual((told["runs"], told["entries"]), (runs, 2 * runs))
                self.job("next.json", "true")
            server.terminate()


class Studies(Case):
    def create(self, runs):
        (self.path / "plan.txt").write_text("rows with a 1; the mean of all runs\n")
        return self.call("mayfly", "study", "create", "--dataset", "d.csv", "--plan", "plan.txt",
                         "--runs", str(runs)).strip()

    def test_a_study_is_open_until_its_last_run_and_complete_then(self):
        study = self.create(2)
        for number, selection in ((1, "preregistered-open"), (2, "preregistered-complete")):
            certificate = self.job(f"{number}.json", "true", options=("--study", study))
            self.assertEqual(attempt(certificate)["study"]["planned"], 2)
            self.assertEqual(self.report(f"{number}.json")["selection"], selection)
        shown = json.loads(self.call("mayfly", "study", "show", study))
        self.assertEqual((shown["started"], shown["finished"], shown["closed"]), (2, 2, False))
        self.call("mayfly", "log", "export", "copy")
        self.assertEqual(self.report("1.json", "--log", "copy")["selection"],
                         "preregistered-complete")
        self.job("3.json", "true", options=("--study", study))
        self.assertEqual(self.report("3.json")["selection"], "counted 3 of 3")

    def test_a_closed_or_unknown_study_and_one_of_another_dataset_take_no_run(self):
        study = self.create(2)
        self.call("mayfly", "study", "close", study)
        self.call("mayfly", "run", "--dataset", "d.csv", "--study", study, "--", "true", code=1)
        other = self.create(1)
        (self.path / "d.csv").write_text("another\n")
        self.call("mayfly", "run", "--dataset", "d.csv", "--study", other, "--", "true", code=1)
        unknown = "study_" + "0" * 32
        self.call("mayfly", "run", "--dataset", "d.csv", "--study", unknown, "--", "true", code=2)
        self.assertEqual(self.call("mayfly", "log", "show", "--json"), "")


class Witnesses(Case):
    """Witnesses as processes of their own, each with its own state and key."""

    def setUp(self):
        super().setUp()
        self.job("0.json", "true")  # makes the log and its key
        self.log_key = self.call("mayfly", "log", "show").split()[1]
        (self.path / "watched").write_text(f"log {self.log_key}\nquorum none\n")

    def witness(self, name):
        env = dict(self.env, MAYFLY_STATE=str(self.path / name))
        process = subprocess.Popen([str(BIN / "mayfly"), "log", "witness", "--log-policy",
                                    "watched", "--name", name, "--port", "0"], env=env,
                                   cwd=self.path, stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL, text=True)

        def end():
            process.terminate()
            process.wait(30)
            process.stdout.close()
        self.addCleanup(end)
        key = process.stdout.readline().split()[1]
        return key, process.stdout.readline().split()[-1], process

    def policy(self, threshold, witnesses):
        lines = [f"log {self.log_key}"]
        lines += [f"witness {n} {key} {url}" for n, (key, url, _) in enumerate(witnesses)]
        lines += [f"group g {threshold} " + " ".join(str(n) for n in range(len(witnesses))),
                  "quorum g"]
        (self.path / "policy").write_text("\n".join(lines) + "\n")
        return ("--log-policy", "policy")

    def test_two_of_three_cosign_and_a_certificate_says_so(self):
        witnesses = [self.witness(name) for name in "abc"]
        policy = self.policy(2, witnesses)
        self.job("1.json", "true", options=policy)
        report = self.report("1.json", *policy)
        self.assertEqual(report["log_trust"], "witnessed by 3 of 3")
        witnesses[0][2].terminate()
        witnesses[0][2].wait(30)
        self.job("2.json", "true", options=policy)
        self.assertEqual(self.report("2.json", *policy)["log_trust"], "witnessed by 2 of 3")

    def test_without_its_quorum_no_job_sees_the_data(self):
        witnesses = [self.witness(name) for name in "ab"]
        policy = self.policy(2, witnesses)
        witnesses[1][2].terminate()
        witnesses[1][2].wait(30)
        done = subprocess.run([str(BIN / "mayfly"), "run", "--dataset", "d.csv", *policy, "-o",
                               "1.json", "--", "cat", "/data/dataset.csv"], env=self.env,
                              cwd=self.path, capture_output=True, text=True, timeout=300)
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(done.stdout, "")
        self.assertIn("too few", done.stderr)
        self.assertFalse((self.path / "1.json").exists())

    def test_a_forked_log_meets_one_honest_witness_and_is_refused(self):
        witness = self.witness("honest")
        policy = self.policy(1, [witness])
        state = self.path / "state"
        fork = self.path / "fork"
        shutil.copytree(state, fork)
        self.job("1.json", "true", options=policy)
        # The same key goes on from an older copy: another log in the same name.
        self.env["MAYFLY_STATE"] = str(fork)
        for number in range(2, 4):  # past the witnessed size, too
            done = subprocess.run([str(BIN / "mayfly"), "run", "-q", "--dataset", "d.csv", *policy,
                                   "-o", f"{number}.json", "--", "true"], env=self.env,
                                  cwd=self.path, capture_output=True, text=True, timeout=300)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("too few", done.stderr)
            self.assertFalse((self.path / f"{number}.json").exists())
            self.job("unwitnessed.json", "true")  # the fork grows all the same
        self.env["MAYFLY_STATE"] = str(state)
        self.job("4.json", "true", options=policy)

    def test_a_witness_remembers_after_a_restart_and_is_one_process(self):
        witness = self.witness("w")
        policy = self.policy(1, [witness])
        self.job("1.json", "true", options=policy)
        env = dict(self.env, MAYFLY_STATE=str(self.path / "w"))
        second = subprocess.run([str(BIN / "mayfly"), "log", "witness", "--log-policy", "watched",
                                 "--port", "0"], env=env, cwd=self.path, capture_output=True,
                                text=True, timeout=300)
        self.assertNotEqual(second.returncode, 0)
        self.assertIn("already", second.stderr)
        witness[2].terminate()
        witness[2].wait(30)
        again = self.witness("w")
        self.assertEqual(again[0], witness[0])
        policy = self.policy(1, [again])
        self.job("2.json", "true", options=policy)
        self.assertEqual(self.report("2.json", *policy)["log_trust"], "witnessed by 1 of 1")


if __name__ == "__main__":
    unittest.main()
