"""The command line as a person meets it: real programs, real runs, real mistakes.

Needs MAYFLY_BIN (the folder of mayfly, mayfly-runner and verify-cert). Every refusal must say what,
why and the fix, exit non-zero, and leave nothing behind.
"""
import json
import os
import pathlib
import resource
import signal
import subprocess
import sys
import tempfile
import time
import unittest

BIN = pathlib.Path(os.environ["MAYFLY_BIN"])
MAYFLY = str(BIN / "mayfly")
VERIFY = str(BIN / "verify-cert")


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="mayfly-cli-")
        self.addCleanup(self.folder.cleanup)
        self.path = pathlib.Path(self.folder.name)
        self.env = dict(os.environ, MAYFLY_STATE=str(self.path / "state"), NO_COLOR="1")

    def mayfly(self, *arguments, stdin=b"", timeout=60):
        return subprocess.run(
            [MAYFLY, *arguments],
            input=stdin,
            capture_output=True,
            env=self.env,
            timeout=timeout,
            cwd=self.path,
        )

    def verify(self, *arguments):
        return subprocess.run([VERIFY, *arguments], capture_output=True, timeout=60, cwd=self.path)

    def file(self, name, text):
        path = self.path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    def refused(self, done, *words):
        self.assertNotEqual(done.returncode, 0)
        message = done.stderr.decode()
        for word in words:
            self.assertIn(word, message)
        self.assertNotIn("terminate called", message)
        self.assertEqual(list(self.path.glob("cert*.json*")), [])


COUNT = """import os, json
print(json.dumps({"rows": len(open(os.environ["DATASET_PATH"]).readlines())}))
"""


class Run(Case):
    def test_a_dataset_goes_in_and_a_verified_certificate_comes_out(self):
        data = self.file("data.csv", "a\n1\n2\n")
        script = self.file("main.py", COUNT)
        done = self.mayfly("run", "--dataset", data, "--script", script, "-o", "cert.json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout, b'{"rows": 3}\n')
        certificate = json.loads((self.path / "cert.json").read_bytes())
        result = certificate["statement"]["predicate"]["claim"]["result"]
        self.assertEqual(result["value"], {"rows": 3})
        verified = self.verify("cert.json", "--dataset", data)
        self.assertEqual(verified.returncode, 5, verified.stdout + verified.stderr)
        self.assertIn(b"NOT HARDWARE-ATTESTED", verified.stdout)

    def test_the_same_inputs_give_the_same_claim_hash(self):
        script = self.file("main.py", COUNT)
        hashes = set()
        for _ in range(3):
            done = self.mayfly(
                "run",
                "--dataset",
                "-",
                "--dataset-format",
                "csv",
                "--script",
                script,
                "--json",
                stdin=b"a\n1\n",
            )
            hashes.add(json.loads(done.stdout)["claim_hash"])
        self.assertEqual(len(hashes), 1)
        done = self.mayfly(
            "run",
            "--dataset",
            "-",
            "--dataset-format",
            "csv",
            "--script",
            script,
            "--json",
            stdin=b"a\n2\n",
        )
        self.assertNotIn(json.loads(done.stdout)["claim_hash"], hashes)

    def test_a_command_passes_its_output_and_status_through(self):
        done = self.mayfly(
            "run", "-q", "-o", "cert.json", "--", "sh", "-c", "echo out; echo err >&2; exit 7"
        )
        self.assertEqual((done.returncode, done.stdout, done.stderr), (7, b"out\n", b"err\n"))
        self.assertEqual(self.verify("cert.json").returncode, 5)

    def test_output_past_the_bound_passes_through_whole_and_the_certificate_says_it_is_cut(self):
        script = self.file("main.py", "print('x' * 3000000)\nprint('{\"found\": 0}')\n")
        done = self.mayfly(
            "run", "-q", "--script", script, "--assert", "found==0", "-o", "cert.json"
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout, b"x" * 3000000 + b'\n{"found": 0}\n')
        self.assertIn(b"warning: the job printed 2.9 MiB", done.stderr)
        self.assertIn(b"--limits output=3000014", done.stderr)
        claim = json.loads((self.path / "cert.json").read_bytes())["statement"]["predicate"][
            "claim"
        ]
        self.assertTrue(claim["result"]["truncated"])
        self.assertEqual(claim["result"]["size"], 1 << 20)
        self.assertNotIn("value", claim["result"])
        self.assertEqual(claim["assertions"][0]["verdict"], "unknown")
        self.assertIn(b"UNKNOWN: the output was cut", self.mayfly("show", "cert.json").stdout)
        verified = self.verify("cert.json")
        self.assertEqual(verified.returncode, 5)
        self.assertIn(b"CUT", verified.stdout)
        whole = self.mayfly(
            "run", "--json", "--script", script, "--limits", "output=3000014", "-o", "cert.json"
        )
        self.assertEqual(json.loads(whole.stdout)["truncated"], False)
        self.assertEqual(json.loads(whole.stdout)["result"], {"found": 0})
        self.assertNotIn(b"warning", whole.stderr)

    def test_failures_of_the_job_are_certified(self):
        cases = [
            (["--", "sh", "-c", "exit 3"], 3, "failed", 3),
            (["--timeout", "300ms", "--", "sleep", "20"], 6, "timed_out", -9),
            (
                ["--memory", "32m", "--", "python3", "-c", "x = bytearray(1 << 30); print(x[-1])"],
                None,
                None,
                None,
            ),
            (["--tool", "bash", "--", "bash", "-c", "grep x /etc/passwd"], 5, "denied", -9),
            (["--", "no-such-program"], 4, "not_started", -1),
        ]
        for arguments, code, status, exit_code in cases:
            with self.subTest(arguments=arguments):
                split = arguments.index("--")
                done = self.mayfly("run", "--json", "-o", "c.json", *arguments)
                seen = json.loads(done.stdout)
                if status is None:
                    self.assertIn(seen["status"], ("limit_memory", "failed"))
                else:
                    self.assertEqual(
                        (done.returncode, seen["status"], seen["exit_code"]),
                        (code, status, exit_code),
                        (split, done.stderr),
                    )
                self.assertEqual(self.verify("c.json").returncode, 5)

    def test_assertions_are_judged_and_kept(self):
        script = self.file("main.py", 'print(\'{"m": {"accuracy": 0.947}}\')\n')
        done = self.mayfly(
            "run",
            "--script",
            script,
            "--json",
            "--assert",
            "m.accuracy>=0.95",
            "--assert",
            "m.accuracy>=0.94",
            "--assert",
            "nothing==1",
        )
        verdicts = [one["verdict"] for one in json.loads(done.stdout)["assertions"]]
        self.assertEqual(verdicts, ["false", "true", "unknown"])

    def test_a_directory_is_a_dataset(self):
        (self.path / "d").mkdir()
        (self.path / "d" / "one.txt").write_text("1")
        (self.path / "d" / "sub").mkdir()
        (self.path / "d" / "sub" / "two.txt").write_text("22")
        done = self.mayfly(
            "run",
            "-q",
            "--dataset",
            "d",
            "-o",
            "cert.json",
            "--",
            "sh",
            "-c",
            "cat /data/one.txt /data/sub/two.txt",
        )
        self.assertEqual(done.stdout, b"122", done.stderr)
        self.assertEqual(self.verify("cert.json", "--dataset", "d").returncode, 5)
        (self.path / "d" / "one.txt").write_text("2")
        self.assertEqual(self.verify("cert.json", "--dataset", "d").returncode, 1)

    def test_an_interrupt_ends_the_job_and_the_program(self):
        child = subprocess.Popen(
            [MAYFLY, "run", "-o", "cert.json", "--", "sh", "-c", "echo started; sleep 60"],
            cwd=self.path,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.assertEqual(child.stdout.readline(), b"started\n")
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=20)
        self.assertEqual(child.returncode, 130)


class BadInput(Case):
    def test_missing_dataset(self):
        self.refused(
            self.mayfly("run", "--dataset", "nope.csv", "-o", "cert.json", "--", "true"),
            "nope.csv",
            "No such file",
        )

    def test_missing_script(self):
        self.refused(
            self.mayfly("run", "--script", "nope.py", "-o", "cert.json"), "--script", "nope.py"
        )

    def test_nothing_to_run(self):
        self.refused(self.mayfly("run", "-o", "cert.json"), "nothing to run")

    def test_certificate_would_be_lost(self):
        self.refused(self.mayfly("run", "--no-store", "--", "true"), "-o FILE")

    def test_unknown_tool(self):
        self.refused(
            self.mayfly("run", "--tool", "teleport", "-o", "cert.json", "--", "true"),
            "teleport",
            "python",
        )

    def test_dataset_too_large(self):
        data = self.file("data.bin", b"x" * 1025)
        self.refused(
            self.mayfly(
                "run", "--dataset", data, "--dataset-max", "1k", "-o", "cert.json", "--", "true"
            ),
            "1024",
            "--dataset-max is 1 KiB",
        )
        data = self.file("data.bin", b"x" * 1024)
        done = self.mayfly(
            "run", "--dataset", data, "--dataset-max", "1k", "-o", "cert.json", "--", "true"
        )
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_each_limit_at_its_bounds_and_past_them(self):
        def limits(value):
            return self.mayfly("run", "--limits", value, "--dataset", "missing", "--", "true")

        for at, past in (
            ("wall=24h", "wall=86401s"),
            ("cpu=168h", "cpu=604801s"),
            ("memory=1024g", "memory=1025g"),
            ("memory=4m", "memory=4194303"),
            ("pids=32768", "pids=32769"),
            ("files=8", "files=7"),
            ("disk=1024g", "disk=1025g"),
            ("disk=0", "disk=-1"),
            ("inodes=16777216", "inodes=16777217"),
            ("output=64m", "output=67108865"),
        ):
            # The limits are judged before the dataset is looked for.
            self.refused(limits(at), "--dataset missing")
            self.refused(limits(past), "limits" if "-" not in past else "disk")

    def test_more_files_than_this_machine_allows_are_refused_before_the_dataset_is_read(self):
        def lowered():
            resource.setrlimit(resource.RLIMIT_NOFILE, (500, 500))

        def run(files):
            return subprocess.run(
                [MAYFLY, "run", "--limits", f"files={files}", "--dataset", "missing", "--", "true"],
                capture_output=True,
                env=self.env,
                timeout=60,
                cwd=self.path,
                preexec_fn=lowered,
            )

        self.refused(run(500), "--dataset missing")
        self.refused(run(501), "limits.open_files is 501", "500", "ulimit -Hn")

    def test_a_certificate_of_16_mib_is_read_and_one_byte_more_is_refused(self):
        most = 16 * 1024 * 1024
        padding = '{"a":"%s"}' % ("x" * 1000)
        text = "{" + ",".join(f'"k{i:05}":{padding}' for i in range(16000)) + "}"
        text = text[:-1] + ',"z":"%s"}' % ("x" * (most - len(text) - len(',"z":""')))
        self.assertEqual(len(text), most)
        path = self.file("most.json", text)
        self.assertEqual(self.mayfly("canonical", "--check", path).returncode, 0)
        for verb in (["show"], ["verify"]):
            self.assertNotIn(b"16777216", self.mayfly(*verb, path).stderr)
        path = self.file("more.json", text + "\n")
        for verb in (["canonical"], ["canonical", "--check"], ["show"], ["verify"]):
            done = self.mayfly(*verb, path)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(b"16777216", done.stdout + done.stderr, verb)

    def test_runs_and_page_sizes_at_their_bounds_and_past_them(self):
        for at, past in (
            (["certificates", "list", "--limit", "1000"], ["--limit", "1001"]),
            (["certificates", "list", "--limit", "1"], ["--limit", "0"]),
        ):
            self.assertEqual(self.mayfly(*at).returncode, 0)
            self.refused(self.mayfly("certificates", "list", *past), "--limit")
        for runs in ("0", "65"):
            self.refused(self.mayfly("serve", "--runs", runs), "--runs")
        server = subprocess.Popen(
            [MAYFLY, "serve", "--port", "0", "--runs", "64"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=self.env,
        )
        self.assertIn(b"listening", server.stdout.readline())
        server.terminate()
        server.wait(timeout=60)
        server.stdout.close()

    def test_bad_quantities_and_names(self):
        for arguments, word in (
            (["--limits", "walll=1s"], 'did you mean "wall"'),
            (["--limits", "wall"], "name=value"),
            (["--limits", "pids=1k"], "whole number"),
            (["--timeout", "soon"], "300s"),
            (["--memory", "-1"], "512m"),
            (["--memory", "99999999999g"], "too large"),
            (["--timeout", "0"], "wall_ms"),
            (["--nonce", "xyz"], "--nonce"),
            (["--nonce", "00" * 65], "nonce"),
            (["--assert", "accuracy"], "--assert"),
            (["--env", "X"], "NAME=value"),
        ):
            with self.subTest(arguments=arguments):
                self.refused(self.mayfly("run", *arguments, "-o", "cert.json", "--", "true"), word)

    def test_unreadable_file(self):
        if os.geteuid() == 0:
            self.skipTest("root reads everything")
        data = self.file("data.csv", "x")
        os.chmod(data, 0)
        self.refused(
            self.mayfly("run", "--dataset", data, "-o", "cert.json", "--", "true"),
            "Permission denied",
        )

    def test_unwritable_output(self):
        done = self.mayfly("run", "-o", "/proc/nope/cert.json", "--", "true")
        self.assertNotEqual(done.returncode, 0)

    def test_a_mistyped_verb_and_option(self):
        done = self.mayfly("certificats", "list")
        self.assertEqual(done.returncode, 2)
        self.assertIn(b'did you mean "certificates"', done.stderr)
        self.assertEqual(self.mayfly("run", "--datset", "x").returncode, 2)
        self.assertEqual(self.mayfly().returncode, 2)


class Others(Case):
    def test_help_and_version_everywhere(self):
        self.assertEqual(self.mayfly("--version").returncode, 0)
        for verb in ("run", "verify", "show", "certificates", "canonical", "serve", "doctor"):
            done = self.mayfly(verb, "--help")
            self.assertEqual(done.returncode, 0, verb)
            self.assertTrue(done.stdout)

    def test_the_store_keeps_lists_and_finds(self):
        first = json.loads(self.mayfly("run", "--json", "--", "true").stdout)
        second = json.loads(self.mayfly("run", "--json", "--", "false").stdout)
        rows = [
            json.loads(line)
            for line in self.mayfly("certificates", "list", "--json").stdout.splitlines()
        ]
        self.assertEqual(
            {row["certificate_id"] for row in rows},
            {first["certificate_id"], second["certificate_id"]},
        )
        found = self.mayfly("certificates", "search", "--status", "failed", "--json").stdout
        self.assertEqual(json.loads(found)["certificate_id"], second["certificate_id"])
        shown = self.mayfly("certificates", "show", first["certificate_id"][:20]).stdout
        (self.path / "c.json").write_bytes(shown.rstrip(b"\n"))
        self.assertEqual(self.verify("c.json").returncode, 5)
        self.assertEqual(self.mayfly("verify", first["certificate_id"]).returncode, 5)
        self.assertNotEqual(self.mayfly("certificates", "show", "cert_" + "0" * 64).returncode, 0)

    def test_show_and_its_formats(self):
        self.mayfly("run", "-q", "-o", "c.json", "--", "true")
        text = self.mayfly("show", "c.json").stdout.decode()
        self.assertIn("SIMULATED", text.upper())
        for form in ("json", "summary", "claim", "statement", "dsse"):
            json.loads(self.mayfly("show", "c.json", "--format", form).stdout)

    def test_canonical(self):
        path = self.file("x.json", '{ "b" : 1.50, "a" : [ ] }')
        self.assertEqual(self.mayfly("canonical", path).stdout, b'{"a":[],"b":1.5}')
        done = self.mayfly("canonical", "--check", path)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"byte", done.stderr)
        good = self.file("y.json", '{"a":[],"b":1.5}')
        self.assertEqual(self.mayfly("canonical", "--check", good).returncode, 0)
        self.assertNotEqual(
            self.mayfly("canonical", self.file("z.json", '{"a":1,"a":2}')).returncode, 0
        )

    def test_canonical_is_about_one_object_with_and_without_check(self):
        for text in ("[1]", "1", '"a"', "{}{}"):
            path = self.file("x.json", text)
            for option in ([], ["--check"]):
                done = self.mayfly("canonical", *option, path)
                self.assertEqual((done.returncode != 0, done.stdout), (True, b""), text)

    def test_doctor(self):
        facts = json.loads(self.mayfly("doctor", "--json").stdout)["facts"]
        self.assertIn("seccomp", " ".join(fact["name"] for fact in facts))
        self.assertTrue(all(fact["state"] == "good" or fact["fix"] for fact in facts))


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
