"""Where the command line writes, and what it does when that cannot be done.

Standard descriptors that are closed or full, devices and pipes as outputs, outputs that fail before
and after the run. Needs MAYFLY_BIN.
"""
import itertools
import json
import os
import resource
import stat
import subprocess
import sys
import threading
import time
import unittest

from cli_test import MAYFLY, VERIFY, Case

FULL = "/dev/full"


class StandardStreams(Case):
    def shell(self, script, *arguments, stdin=b""):
        """mayfly from a shell, which can close and redirect what Python cannot."""
        return subprocess.run(
            ["sh", "-c", script, "sh", MAYFLY, *arguments],
            input=stdin,
            capture_output=True,
            env=self.env,
            timeout=300,
            cwd=self.path,
        )

    def files_seen(self, child, descriptors):
        """What these numbers are once main() has begun, which fills them first of all; before it
        the loader, libraries and sanitizers open files for a moment. Empty: it never did."""
        seen = set()
        while child.poll() is None:
            for fd in descriptors:
                try:
                    if os.readlink(f"/proc/{child.pid}/exe") == os.path.realpath(MAYFLY):
                        name = os.readlink(f"/proc/{child.pid}/fd/{fd}")
                        if name == "/dev/null" or seen:
                            seen.add(name)
                except OSError:
                    pass  # not yet, or not any more
            time.sleep(0.02)
        return seen

    def test_a_closed_descriptor_is_never_one_of_ours(self):
        # Goal: with any of 0-2 closed, no file of ours takes the number. Method: every combination;
        # the kernel's table of a running mayfly, and the certificate that comes out.
        data = self.file("data.csv", "a\n1\n")
        for count in (1, 2, 3):
            for closed in itertools.combinations((0, 1, 2), count):
                with self.subTest(closed=closed):
                    closing = " ".join(f"{fd}>&-" for fd in closed)
                    child = subprocess.Popen(
                        ["sh", "-c", f'exec "$@" {closing}', "sh", MAYFLY, "run", "--dataset", data,
                         "-o", "cert.json", "--", "sh", "-c",
                         "cat /data/dataset.csv; echo noise >&2; sleep 1"],
                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                        env=self.env, cwd=self.path,
                    )
                    seen = self.files_seen(child, closed)
                    out, err = child.communicate()
                    self.assertEqual(seen, {"/dev/null"}, (out, err))
                    self.assertEqual(child.returncode, 1 if 1 in closed else 0, err)
                    if 1 not in closed:
                        self.assertEqual(out, b"a\n1\n")
                    verified = self.verify("cert.json", "--dataset", data)
                    self.assertEqual(verified.returncode, 5, verified.stdout)
                    os.unlink(self.path / "cert.json")

    def test_a_verdict_does_not_depend_on_closed_descriptors(self):
        self.mayfly("run", "-q", "-o", "c.json", "--", "true")
        for count in (1, 2, 3):
            for closed in itertools.combinations((0, 1, 2), count):
                closing = " ".join(f"{fd}>&-" for fd in closed)
                for quiet, told in ((["-q"], 5), ([], 70 if 1 in closed else 5)):
                    for program in ([MAYFLY, "verify"], [VERIFY]):
                        with self.subTest(closed=closed, quiet=quiet, program=program):
                            done = subprocess.run(
                                ["sh", "-c", f'exec "$@" {closing}', "sh", *program, "c.json",
                                 *quiet],
                                cwd=self.path, env=self.env, capture_output=True, timeout=300,
                            )
                            self.assertEqual(done.returncode, told, done.stderr)

    def test_a_closed_standard_input_is_no_empty_dataset(self):
        done = self.shell(
            'exec "$@" <&-', "run", "--dataset", "-", "-o", "cert.json", "--", "true"
        )
        self.refused(done, "--dataset -", "Bad file descriptor")
        done = subprocess.run(
            ["sh", "-c", 'exec "$1" - <&-', "sh", VERIFY], capture_output=True, timeout=300
        )
        self.assertEqual(done.returncode, 70, done.stderr)

    def test_output_that_does_not_fit_is_said_and_is_no_success(self):
        self.mayfly("run", "-q", "-o", "c.json", "--", "true")
        for arguments in (
            ["--help"],
            ["--version"],
            ["run", "--help"],
            ["show", "c.json"],
            ["show", "c.json", "--format", "json"],
            ["certificates", "list"],
            ["doctor"],
            ["canonical", "c.json"],
            ["run", "--json", "--", "true"],
            ["run", "-q", "--", "echo", "out"],
        ):
            with self.subTest(arguments=arguments):
                done = self.shell('exec "$@" >/dev/full', *arguments)
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertIn(b"standard output: No space left on device", done.stderr)
                self.assertNotIn(b"terminate", done.stderr)

    def test_a_verdict_that_cannot_be_told_is_none(self):
        self.mayfly("run", "-q", "-o", "c.json", "--", "true")
        for program in ([MAYFLY, "verify"], [VERIFY]):
            with open(FULL, "wb") as full:
                done = subprocess.run(
                    [*program, "c.json"], stdout=full, stderr=subprocess.PIPE, cwd=self.path,
                    env=self.env, timeout=300,
                )
            self.assertEqual(done.returncode, 70, done.stderr)
            self.assertIn(b"No space left", done.stderr)

    def test_a_standard_error_that_fails_changes_nothing(self):
        for script in ('exec "$@" 2>/dev/full', 'exec "$@" 2>&-'):
            for arguments, code in (
                (["run", "-o", "c.json", "--", "sh", "-c", "echo out; echo err >&2"], 0),
                (["run", "--script", "absent.py"], 4),
                (["rnu"], 2),
                (["verify", "absent.json"], 64),
            ):
                with self.subTest(script=script, arguments=arguments):
                    done = self.shell(script, *arguments)
                    self.assertEqual(done.returncode, code, done.stdout)
            self.assertEqual(self.verify("c.json").returncode, 5)

    def test_a_reader_that_went_away_is_no_message(self):
        self.mayfly("run", "-q", "-o", "c.json", "--", "true")
        done = self.shell('"$@" | true', "show", "c.json")
        self.assertEqual(done.stderr, b"")


class Outputs(Case):
    def device(self, name, minor):
        """A node of the test's own: if it were replaced by root, the machine's is still there. An
        ordinary user cannot make one, and could not replace that in /dev."""
        node = self.path / name
        try:
            os.mknod(node, stat.S_IFCHR | 0o666, os.makedev(1, minor))
            os.chmod(node, 0o666)
            os.close(os.open(node, os.O_WRONLY))
            return str(node)
        except OSError:
            if os.geteuid() == 0:
                self.skipTest("devices are not obeyed in the folder for temporary files")
            return "/dev/" + name

    def run_to(self, *arguments, **options):
        return self.mayfly("run", *arguments, "--", "echo", "out", **options)

    def test_a_link_is_followed_and_kept(self):
        (self.path / "real").mkdir()
        (self.path / "real" / "there.json").write_text("before")
        (self.path / "link.json").symlink_to("real/there.json")
        self.assertEqual(self.run_to("-q", "-o", "link.json").returncode, 0)
        self.assertTrue((self.path / "link.json").is_symlink())
        self.assertEqual(self.verify("real/there.json").returncode, 5)

    def test_devices_and_pipes_stay_what_they_are(self):
        node = self.device("null", 3)
        self.assertEqual(self.run_to("-q", "-o", node, "--trace", "t").returncode, 0)
        self.assertEqual(self.run_to("-q", "-o", "c.json", "--trace", node).returncode, 0)
        self.assertTrue(stat.S_ISCHR(os.stat(node).st_mode))
        fifo = self.path / "fifo"
        os.mkfifo(fifo)
        read = []
        reader = threading.Thread(target=lambda: read.append(fifo.read_bytes()))
        reader.start()
        self.assertEqual(self.run_to("-q", "-o", "fifo").returncode, 0)
        reader.join(30)
        self.assertTrue(stat.S_ISFIFO(os.stat(fifo).st_mode))
        self.file("c.json", read[0])
        self.assertEqual(self.verify("c.json").returncode, 5)

    def test_a_descriptor_is_written_through(self):
        with open(self.path / "log", "wb") as log:
            log.write(b"first\n")
            log.flush()
            done = subprocess.run(
                [MAYFLY, "run", "-q", "-o", f"/dev/fd/{log.fileno()}", "--", "true"],
                pass_fds=[log.fileno()], cwd=self.path, env=self.env, capture_output=True,
                timeout=300,
            )
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue((self.path / "log").read_bytes().startswith(b'first\n{"certificate_id"'))

    def test_standard_output_carries_the_certificate_alone(self):
        (self.path / "stdout").symlink_to("/proc/self/fd/1")  # as /dev/stdout is
        for path in ("-", "stdout"):
            done = self.run_to("-o", path)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn(b"succeeded", done.stderr)
            checked = subprocess.run([VERIFY, "-"], input=done.stdout, capture_output=True)
            self.assertEqual(checked.returncode, 5, checked.stdout)
        traced = self.run_to("-q", "--trace", "-")
        events = [json.loads(line)["event"] for line in traced.stdout.splitlines()]
        self.assertEqual(events[0]["argv"], ["echo", "out"])
        done = self.run_to("-o", "-", "--json")
        self.refused(done, "--json", "standard output", "name a file", code=2, kept=3)

    def test_one_place_cannot_hold_two_things(self):
        (self.path / "d").mkdir()
        for trace in ("cert.json", "./cert.json", "d/../cert.json"):
            self.refused(self.run_to("-o", "cert.json", "--trace", trace), "same place", "name two")
        data = self.file("d.csv", "private")
        done = self.run_to("--dataset", data, "-o", "d.csv")
        self.refused(done, "names the dataset", "another file")
        self.assertEqual((self.path / "d.csv").read_text(), "private")
        script = self.file("main.py", "print(1)")
        self.refused(self.mayfly("run", "--script", script, "-o", script), "names a script")

    def test_a_place_that_cannot_be_written_is_found_before_the_dataset_is_read(self):
        (self.path / "folder").mkdir()
        (self.path / "nowhere").symlink_to("absent")
        for output, words, code in (
            ("no/cert.json", ["-o", "No such file"], 4),
            ("folder", ["-o", "is a folder", "add a file name"], 2),
            ("nowhere", ["-o", "link to nothing"], 2),
            ("/proc/self/cert.json", ["-o"], None),
        ):
            for option in ("-o", "--trace"):
                with self.subTest(output=output, option=option):
                    child = subprocess.Popen(
                        [MAYFLY, "run", "--dataset", "-", option, output, "--", "true"],
                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                        cwd=self.path, env=self.env,
                    )
                    # Standard input stays open: it ends without having waited for the dataset.
                    child.wait(timeout=30)
                    message = child.stderr.read().decode()
                    child.stdin.close()
                    child.stdout.close()
                    child.stderr.close()
                    for word in words:
                        self.assertIn(word.replace("-o", option), message)
                    if code:
                        self.assertEqual(child.returncode, code, message)
                    self.assertNotEqual(child.returncode, 0)
        self.assertEqual(self.mayfly("certificates", "list", "--json").stdout, b"")

    def test_what_fails_after_the_run_says_where_the_certificate_is(self):
        full = self.device("full", 7)
        done = self.run_to("-o", full, "--json")
        self.assertEqual(done.returncode, 1)
        shown = json.loads(done.stdout)
        self.assertIsNone(shown["certificate_path"])
        message = done.stderr.decode()
        self.assertIn("No space left", message)
        self.assertIn("kept in the store as " + shown["certificate_id"], message)
        self.assertEqual(self.mayfly("verify", "-q", shown["certificate_id"]).returncode, 5)
        done = self.run_to("-o", full, "--no-store")
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"lost, run it again", done.stderr)

    def test_a_trace_that_does_not_fit_is_said_and_its_run_is_certified(self):
        full = self.device("full", 7)
        done = self.run_to("-q", "-o", "c.json", "--trace", full)
        self.assertEqual(done.returncode, 1, done.stderr)
        for word in (b"--trace", b"No space left", b"the certificate is whole"):
            self.assertIn(word, done.stderr)
        self.assertEqual(self.verify("c.json").returncode, 5)

    def test_a_trace_that_outgrows_its_disk_leaves_what_was_there(self):
        # Room for a certificate, and not for the trace; the job's own files have other limits.
        self.file("t.jsonl", "before")
        opens = "i=0; while [ $i -lt 2000 ]; do : < /dev/null; i=$((i + 1)); done"
        for room, words, left in (
            (100_000, ["--trace", "the certificate is whole"], ["c.json", "t.jsonl"]),
            (4_000, ["--trace", "-o", "the certificate is lost"], ["t.jsonl"]),
        ):
            done = subprocess.run(
                [MAYFLY, "run", "-q", "--no-store", "-o", "c.json", "--trace", "t.jsonl",
                 "--limits", "disk=0", "--", "sh", "-c", opens],
                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (room, room)),
                capture_output=True, cwd=self.path, env=self.env, timeout=300,
            )
            self.assertGreater(done.returncode, 0, done.stderr)
            for word in [*words, "File too large"]:
                self.assertIn(word, done.stderr.decode())
            self.assertEqual((self.path / "t.jsonl").read_text(), "before")
            self.assertEqual(sorted(path.name for path in self.path.iterdir()), left)
            if "c.json" in left:
                self.assertEqual(self.verify("c.json").returncode, 5)
                os.unlink(self.path / "c.json")

    def test_a_reader_of_the_trace_that_goes_away_is_said(self):
        opens = "i=0; while [ $i -lt 3000 ]; do : < /dev/null; i=$((i + 1)); done"
        child = subprocess.Popen(
            [MAYFLY, "run", "-q", "--trace", "-", "-o", "c.json", "--", "sh", "-c", opens],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.path, env=self.env)
        self.assertEqual(child.stdout.read(1), b"{")
        child.stdout.close()
        message = child.stderr.read()
        child.stderr.close()
        self.assertEqual(child.wait(timeout=300), 1, message)
        for word in (b"--trace", b"Broken pipe", b"the certificate is whole"):
            self.assertIn(word, message)
        self.assertEqual(self.verify("c.json").returncode, 5)

    def test_a_file_size_limit_is_an_error_and_no_signal(self):
        done = subprocess.run(
            [MAYFLY, "run", "-q", "--no-store", "-o", "c.json", "--limits", "disk=0",
             "--", "true"],
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024)),
            capture_output=True, cwd=self.path, env=self.env, timeout=300,
        )
        self.assertGreater(done.returncode, 0, done.stderr)
        self.assertIn(b"File too large", done.stderr)
        self.assertEqual(list(self.path.glob("c.json*")), [])


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
