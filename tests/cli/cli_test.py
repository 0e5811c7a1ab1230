"""The command line as a person meets it: real programs, real runs, real mistakes.

Needs MAYFLY_BIN (the folder of mayfly, mayfly-runner and verify-cert). Every refusal must say what,
why and the fix, exit non-zero, and leave nothing behind.
"""
import hashlib
import json
import os
import pathlib
import resource
import signal
import socket
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

    def mayfly(self, *arguments, stdin=b"", timeout=300):
        return subprocess.run(
            [MAYFLY, *arguments],
            input=stdin,
            capture_output=True,
            env=self.env,
            timeout=timeout,
            cwd=self.path,
        )

    def verify(self, *arguments):
        return subprocess.run([VERIFY, *arguments], capture_output=True, timeout=300, cwd=self.path)

    def file(self, name, text):
        path = self.path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    def stored(self):
        listed = self.mayfly("certificates", "list", "--json")
        return [json.loads(line)["certificate_id"] for line in listed.stdout.splitlines()]

    def refused(self, done, *words, code=None, kept=0):
        """What, why and the fix are in the message, and the job did not run: a job has output, or
        at the least a certificate."""
        message = done.stderr.decode()
        self.assertNotEqual(done.returncode, 0, message)
        if code is not None:
            self.assertEqual(done.returncode, code, message)
        for word in words:
            self.assertIn(word, message)
        self.assertNotIn("terminate called", message)
        self.assertNotIn("\x1b", message)
        self.assertEqual(done.stdout, b"")
        self.assertEqual(list(self.path.glob("cert*.json*")), [])
        self.assertEqual(len(self.stored()), kept)


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
        self.assertEqual(json.loads(whole.stdout)["output_truncated"], False)
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

    def test_quiet_still_says_why_a_job_did_not_end_by_itself(self):
        for arguments, words in (
            (["--", "no-such-program"], ["not_started: ", "no-such-program"]),
            (["--timeout", "200ms", "--", "sleep", "20"], ["timed_out: ", "time limit of 200 ms"]),
            (["--tool", "bash", "--", "bash", "-c", "grep x /etc/passwd"], ["denied: ", "grep"]),
        ):
            with self.subTest(arguments=arguments):
                done = self.mayfly("run", "-q", *arguments)
                lines = [one for one in done.stderr.decode().splitlines() if "mayfly: " in one]
                self.assertEqual(len(lines), 1, done.stderr)
                for word in words:
                    self.assertIn(word, lines[0])
        done = self.mayfly("run", "-q", "--", "false")
        self.assertEqual((done.returncode, done.stderr), (1, b""))

    def test_json_holds_what_the_summary_and_the_job_would_have_printed(self):
        def seen(*arguments):
            return json.loads(self.mayfly("run", "--json", *arguments).stdout)

        text = seen("--", "printf", "a\tb")
        self.assertEqual(text["output"], "a\tb")
        self.assertEqual(text["digest"], "sha256:" + hashlib.sha256(b"a\tb").hexdigest())
        self.assertEqual(text["media_type"], "text/plain; charset=utf-8")
        self.assertEqual((text["output_truncated"], text["reason"]), (False, None))
        self.assertIsNone(seen("--", "printf", r"\377")["output"])
        cut = seen("--limits", "output=3", "--", "printf", "abcdef")
        self.assertEqual((cut["output"], cut["output_truncated"]), ("abc", True))
        self.assertIn("no-such-program", seen("--", "no-such-program")["reason"])
        late = seen("--timeout", "200ms", "--", "sleep", "20")
        self.assertEqual(late["reason"], "over its time limit of 200 ms")

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


# What a refused command line asks for: a job that would be seen.
JOB = ("-o", "cert.json", "--", "echo", "ran")


class BadInput(Case):
    """Each refusal by what is wrong, why, and what to do; and by its exit status."""

    def test_missing_dataset(self):
        done = self.mayfly("run", "--dataset", "nope.csv", *JOB)
        self.refused(done, "--dataset", "nope.csv", "No such file", code=4)

    def test_missing_script(self):
        done = self.mayfly("run", "--script", "nope.py", "-o", "cert.json")
        self.refused(done, "--script", "nope.py", "No such file", code=4)

    def test_script_that_is_no_file(self):
        os.mkfifo(self.path / "pipe.py")
        (self.path / "folder.py").mkdir()
        for path, what in (
            ("pipe.py", "is a pipe or a device"),
            ("/dev/zero", "is a pipe or a device"),
            ("folder.py", "is a folder"),
        ):
            for option in ("--script", "--file"):
                done = self.mayfly("run", option, path, *JOB)
                self.refused(done, option, path, what, "name a regular file", code=2)

    def test_dataset_that_is_no_file(self):
        os.mkfifo(self.path / "pipe.csv")
        done = self.mayfly("run", "--dataset", "pipe.csv", *JOB)
        self.refused(done, "pipe.csv", "is a pipe or a device", "--dataset -", code=2)

    def test_verify_with_a_device_as_dataset(self):
        self.mayfly("run", "-o", "made.json", "--", "true")
        done = self.mayfly("verify", "made.json", "--dataset", "/dev/zero")
        self.refused(done, "/dev/zero is a device", "give a file", kept=1)

    def test_dataset_format_of_a_folder(self):
        (self.path / "d").mkdir()
        done = self.mayfly("run", "--dataset", "d", "--dataset-format", "csv", *JOB)
        self.refused(done, "--dataset-format", "d is a folder", "leave it out", code=2)

    def test_a_name_that_is_too_long(self):
        done = self.mayfly("run", "--dataset", "x" * 300, *JOB)
        self.refused(done, "--dataset", "File name too long", code=2)

    def test_nothing_to_run(self):
        done = self.mayfly("run", "-o", "cert.json")
        self.refused(done, "nothing to run", "--script main.py", "-- COMMAND", code=2)

    def test_certificate_would_be_lost(self):
        done = self.mayfly("run", "--no-store", "--", "echo", "ran")
        self.refused(done, "--no-store", "would lose the certificate", "add -o FILE", code=2)

    def test_unknown_tool(self):
        done = self.mayfly("run", "--tool", "teleport", *JOB)
        self.refused(done, 'unknown tool "teleport"', "known are", "python", code=2)

    def test_dataset_too_large(self):
        data = self.file("data.bin", b"x" * 1025)
        done = self.mayfly("run", "--dataset", data, "--dataset-max", "1k", *JOB)
        self.refused(done, "--dataset", "1024", "bytes", "--dataset-max is 1 KiB", code=6)
        data = self.file("data.bin", b"x" * 1024)
        done = self.mayfly("run", "--dataset", data, "--dataset-max", "1k", *JOB)
        self.assertEqual((done.returncode, done.stdout), (0, b"ran\n"), done.stderr)

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
            self.refused(limits(at), "--dataset: missing")
            self.refused(limits(past), "limits" if "-" not in past else "disk")

    def test_more_files_than_this_machine_allows_are_refused_before_the_dataset_is_read(self):
        def lowered():
            resource.setrlimit(resource.RLIMIT_NOFILE, (500, 500))

        def run(files):
            return subprocess.run(
                [MAYFLY, "run", "--limits", f"files={files}", "--dataset", "missing", "--", "true"],
                capture_output=True,
                env=self.env,
                timeout=300,
                cwd=self.path,
                preexec_fn=lowered,
            )

        self.refused(run(500), "--dataset: missing")
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
        server.wait(timeout=300)
        server.stdout.close()

    def test_bad_quantities_and_names(self):
        for arguments, words in (
            (["--limits", "walll=1s"], ["--limits", '"walll"', 'did you mean "wall"']),
            (["--limits", "wall"], ["--limits", '"wall"', "name=value"]),
            (["--limits", "wall=1s,"], ["--limits", "name=value"]),
            (["--limits", "pids=1k"], ["--limits pids", '"1k"', "whole number"]),
            (["--limits", "pids=3,wall=1s,pids=4"], ["--limits", "pids is given twice"]),
            (["--limits", "pids=0"], ["limits.pids", "is 0; it must be 1 to"]),
            (["--limits", "wall=1s", "--timeout", "2s"], ["--timeout", "wall=", "give one"]),
            (["--limits", "memory=64m", "--memory", "64m"], ["--memory", "memory=", "give one"]),
            (["--timeout", "soon"], ["--timeout", '"soon"', "300s"]),
            (["--memory", "-1"], ["--memory", '"-1"', "512m"]),
            (["--memory", "99999999999g"], ["--memory", "too large"]),
            (["--dataset-max", "lots"], ["--dataset-max", '"lots"', "512m"]),
            (["--timeout", "0"], ["wall_ms", "is 0; it must be 1 to"]),
            (["--nonce", "xyz"], ["--nonce", "hex"]),
            (["--nonce", "00" * 65], ["nonce", "65", "at most 64"]),
            (["--assert", "accuracy"], ["--assert", "compares with one of", ">="]),
            (["--env", "X"], ["environment", "NAME=value"]),
            (["--dataset-format", "csv"], ["--dataset-format", "--dataset", "leave it out"]),
            (["--dataset-format", "xml"], ["--dataset-format", "xml", "csv"]),
            (["--attest", "magic"], ["known are simulated", "tpm"]),
            (["--attest", "tpm"], ["tpm:device:/dev/tpmrm0"]),
            (["--attest", "simulated:x"], ["takes no argument"]),
        ):
            with self.subTest(arguments=arguments):
                self.refused(self.mayfly("run", *arguments, *JOB), *words, code=2)

    def test_mistakes_are_found_before_the_dataset_is_read(self):
        # Standard input stays open and empty: whoever would read the dataset first would wait.
        for arguments, word in (
            (["--tool", "teleport"], "teleport"),
            (["--env", "DATASET_PATH=/x"], "DATASET_PATH is set by Mayfly"),
            (["--limits", "cpu=200h"], "cpu_ms"),
            (["--dataset-max", "lots"], "lots"),
        ):
            with self.subTest(arguments=arguments):
                child = subprocess.Popen(
                    [MAYFLY, "run", "--dataset", "-", *arguments, *JOB],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    cwd=self.path,
                    env=self.env,
                )
                child.wait(timeout=30)
                out, err = child.communicate()
                done = subprocess.CompletedProcess([], child.returncode, out, err)
                self.refused(done, word, code=2)

    def test_empty_values_are_refused_by_name(self):
        for option in (
            "--dataset", "--script", "--file", "--tool", "--assert", "--env", "--limits",
            "--timeout", "--memory", "--dataset-max", "--nonce", "--output", "--trace",
            "--dataset-format", "--attest",
        ):
            for arguments in ([option, ""], [option + "="]):
                with self.subTest(arguments=arguments):
                    done = self.mayfly("run", *arguments, "--", "echo", "ran")
                    self.refused(done, option, code=2)
        for verb, code in (("verify", 64), ("show", 2), ("canonical", 2)):
            self.refused(self.mayfly(verb, ""), "is empty", code=code)
        self.refused(self.mayfly("verify", "c.json", "--at", ""), "--at is empty", code=64)
        done = self.mayfly("certificates", "search", "--dataset", "")
        self.refused(done, "--dataset is empty", code=2)

    def test_unreadable_file(self):
        if os.geteuid() == 0:
            self.skipTest("root reads everything")
        data = self.file("data.csv", "x")
        os.chmod(data, 0)
        for option in ("--dataset", "--script", "--file"):
            done = self.mayfly("run", option, data, *JOB)
            self.refused(done, option, "data.csv", "Permission denied", code=5)
        self.assertEqual(self.mayfly("show", data).returncode, 5)
        os.mkdir(self.path / "closed", 0)
        self.addCleanup(os.chmod, self.path / "closed", 0o700)
        done = self.mayfly("run", "--dataset", "closed/d.csv", *JOB)
        self.refused(done, "Permission denied", code=5)
        done = self.mayfly("run", "-o", "closed/cert.json", "--", "echo", "ran")
        self.refused(done, "-o", "Permission denied", code=5)

    def test_unwritable_output(self):
        done = self.mayfly("run", "-o", "/proc/nope/cert.json", "--", "echo", "ran")
        self.refused(done, "-o", "/proc/nope", "No such file", code=4)

    def test_a_mistyped_verb_or_option(self):
        for arguments, words in (
            (["certificats", "list"], ['no verb "certificats"', 'did you mean "certificates"']),
            (["certificates", "lst"], ['no verb "lst"', 'did you mean "list"']),
            (["frobnicate"], ['no verb "frobnicate"', "there are run, verify"]),
            (["run", "--datset", "x"], ['"--datset"', 'did you mean "--dataset"']),
            (["run", "--no-stor", *JOB], ['"--no-stor"', 'did you mean "--no-store"']),
            (["run", "ls", "-la"], ['"-la"', "mayfly run ... -- ls -la"]),
            (["show", "--frmat", "json"], ['"--frmat"', 'did you mean "--format"']),
            (["show", "a.json", "b.json"], ['"b.json"', "one argument too many"]),
            (["certificates"], ["needs a verb", "list, search, show, timestamp"]),
            (["serve", "--port", "99999"], ["--port", "99999", "0 to 65535"]),
            (["serve", "--port", "http"], ["--port", "http"]),
        ):
            with self.subTest(arguments=arguments):
                done = self.mayfly(*arguments)
                self.refused(done, *words, "--help", code=2)
        self.refused(self.mayfly("verify", "--datset", "x"), '"--dataset"', code=64)
        self.assertEqual(self.mayfly().returncode, 2)

    def test_nothing_in_a_message_acts_on_a_terminal(self):
        evil = "nope\x1b[31m\u202e.py"
        for arguments in (
            ["run", "--script", evil],
            ["run", "--dataset", evil, "--", "true"],
            ["run", "--tool", evil, "--", "true"],
            ["run", "-o", evil + "/x", "--", "true"],
            ["run", "--" + evil],
            ["run", "--limits", evil],
            ["show", evil],
            ["verify", evil],
            ["canonical", "--check", evil],
            ["certificates", "show", evil],
            ["certificates", "search", "--dataset", evil],
            [evil],
        ):
            with self.subTest(arguments=arguments):
                done = self.mayfly(*arguments)
                self.assertNotEqual(done.returncode, 0)
                self.assertIn(b"nope", done.stderr)
                self.assertNotIn(b"\x1b", done.stdout + done.stderr)
                self.assertNotIn("\u202e".encode(), done.stdout + done.stderr)

    def test_a_search_for_what_cannot_be(self):
        for option in ("--claim", "--dataset", "--sandbox"):
            for value in ("xyz", "sha256:" + "0" * 63, "SHA256:" + "0" * 64):
                done = self.mayfly("certificates", "search", option, value)
                self.refused(done, option, value, "64 lower-case hex digits", code=2)
        done = self.mayfly("certificates", "search", "--status", "sucess")
        self.refused(done, "--status", "succeeded", code=2)
        self.refused(self.mayfly("certificates", "list", "--cursor", "x"), "cursor", code=2)
        for good in (["--dataset", "none"], ["--status", "limit_memory"]):
            self.assertEqual(self.mayfly("certificates", "search", *good).returncode, 0)


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
        (self.path / "c.json").write_bytes(shown)
        self.assertEqual(self.verify("c.json").returncode, 5)
        self.assertEqual(self.mayfly("verify", first["certificate_id"]).returncode, 5)
        absent = "cert_" + "0" * 64
        for verb, code in ((["certificates", "show"], 4), (["show"], 4), (["verify"], 64)):
            done = self.mayfly(*verb, absent)
            self.refused(done, absent, "certificates list", code=code, kept=2)
        done = self.mayfly("certificates", "show", "c.json")
        self.refused(done, "c.json", "not a certificate id", code=2, kept=2)

    def test_show_and_its_formats(self):
        self.mayfly("run", "-q", "-o", "c.json", "--", "true")
        text = self.mayfly("show", "c.json").stdout.decode()
        self.assertIn("SIMULATED", text.upper())
        for form in ("json", "summary", "claim", "statement", "dsse", "sigstore"):
            json.loads(self.mayfly("show", "c.json", "--format", form).stdout)
        exact = (self.path / "c.json").read_bytes()
        self.assertEqual(self.mayfly("show", "c.json", "--format", "json").stdout, exact)
        claim = self.mayfly("show", "c.json", "--format", "claim").stdout
        self.assertEqual(
            "sha256:" + hashlib.sha256(claim).hexdigest(), json.loads(exact)["claim_hash"]
        )
        for form in ("statement", "dsse", "sigstore"):
            self.assertFalse(
                self.mayfly("show", "c.json", "--format", form).stdout.endswith(b"\n")
            )

    def test_show_refuses_what_is_no_certificate(self):
        self.file("d.csv", b"private\x1b[31m")
        for form in ("text", "json", "summary", "claim", "statement", "dsse", "sigstore",
                     "p256-key"):
            done = self.mayfly("show", "d.csv", "--format", form)
            self.refused(done, "mayfly: ", code=2)
        self.refused(self.mayfly("show", "absent.json"), "absent.json", "No such file", code=4)

    def test_verify_and_verify_cert_agree(self):
        self.mayfly("run", "-q", "-o", "c.json", "--", "true")
        exact = (self.path / "c.json").read_bytes()
        self.file("large", b" " * (17 << 20))
        self.file("bound", exact + b" " * ((16 << 20) - len(exact)))
        self.file("newline", exact + b"\n")
        self.file("changed", exact.replace(b'"succeeded"', b'"sicceeded"'))
        self.file("empty", b"")
        for path in ("c.json", "large", "bound", "newline", "changed", "empty", "absent", "."):
            for options in ([], ["--json"], ["-q"], ["--dataset", "absent"], ["--at", "x"]):
                with self.subTest(path=path, options=options):
                    ours = self.mayfly("verify", path, "--no-color", *options)
                    theirs = self.verify(path, "--no-color", *options)
                    self.assertEqual(ours.returncode, theirs.returncode, ours.stderr)
                    self.assertEqual(bool(ours.stdout), bool(theirs.stdout))
        self.assertEqual(self.verify("large").returncode, 2)

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

    def test_doctor_names_the_setting_that_forbids_namespaces(self):
        # A user namespace of the test's own, where its root may forbid further ones.
        forbid = 'echo 0 >/proc/sys/user/max_user_namespaces && exec "$0" doctor --json'
        done = subprocess.run(
            ["unshare", "--user", "--map-root-user", "sh", "-c", forbid, MAYFLY],
            capture_output=True, timeout=300, env=self.env,
        )
        if done.returncode != 0:
            self.skipTest("no user namespace to try it in: " + done.stderr.decode())
        facts = {fact["name"]: fact for fact in json.loads(done.stdout)["facts"]}
        self.assertEqual(facts["namespace_user"]["state"], "missing")
        self.assertIn("sysctl user.max_user_namespaces", facts["namespace_user"]["fix"])

    def test_an_address_that_is_taken(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = str(taken.getsockname()[1])
            done = self.mayfly("serve", "--port", port)
        self.refused(done, port, "Address already in use", code=1)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
