"""A canary planted in the dataset is nowhere after the run: no process, tmpfs, log, store,
certificate or other file.

Goal: kernel truth about "destroyed". Method: a random mark goes in through every door of this
version (a pipe, a file, a directory, base64 inside an HTTP request, a sealed upload); the job reads
all of it and then succeeds, fails, overruns a limit or is killed, or the dataset is refused.
Afterwards canary_scan looks at the memory and nameless files of every process it may read (raw
bytes and base64), at every tmpfs, and at all that Mayfly wrote. The look can fail: the same scan
finds the mark while a job still runs, and through every door when mayfly_without_wipe takes
Mayfly's place.
"""
import base64
import http.client
import json
import os
import pathlib
import secrets
import signal
import subprocess
import sys
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor

import remains

ROWS = 2000
READ_ALL = """
import os, pathlib
root = pathlib.Path(os.environ["DATASET_PATH"])
files = [root] if root.is_file() else [one for one in root.rglob("*") if one.is_file()]
data = b"".join(one.read_bytes() for one in files)
assert data
"""
# What the job does then, and options of `mayfly run`.
ENDINGS = {
    # The longest, so first when they are run side by side.
    "timeout": ("import time; time.sleep(60)", ["--timeout", "1s"]),
    "success": ("print(len(data))", []),
    "failure": ("raise SystemExit(3)", []),
    "crash": ("os.abort()", []),
    "copies on tmpfs": (
        "for to in '/work/copy', '/tmp/copy': pathlib.Path(to).write_bytes(data)",
        [],
    ),
    "denied": ("import subprocess; subprocess.run(['/usr/bin/id'])", ["--tool", "python"]),
    "refused": ("", ["--dataset-max", "1k"]),
}
DOORS = ("pipe", "file", "directory")
MOST_ENDINGS = ("timeout", "success", "failure", "refused")


def setUpModule():
    remains.adopt_orphans()  # what mayfly_without_wipe leaves running is ours to end


class Planted(unittest.TestCase):
    program = "mayfly"

    def setUp(self):
        # No other process, and no argument list, ever holds the mark: it is made here.
        self.mark = secrets.token_hex(24).encode()
        folder = tempfile.TemporaryDirectory(prefix="mayfly-canary-")
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name)
        self.env = dict(os.environ, MAYFLY_STATE=str(self.path / "state"))

    def dataset(self):
        return b"id,note\n" + b"".join(b"%d,%s\n" % (row, self.mark) for row in range(ROWS))

    def scan(self, *where):
        mask = secrets.token_bytes(len(self.mark))
        masked = bytes(a ^ b for a, b in zip(mask, self.mark))
        done = subprocess.run(
            [str(remains.BIN / "canary_scan"), "--except", str(os.getpid()), *where],
            input=f"{mask.hex()}:{masked.hex()}\n".encode(),
            capture_output=True,
            timeout=280,
        )
        self.assertIn(done.returncode, (0, 1), done.stderr)
        return done.stdout.decode()

    def scan_everywhere(self):
        return self.scan("--all-processes", "--tmpfs", str(self.path))

    def nowhere(self):
        self.assertEqual(self.scan_everywhere(), "")

    def gone_with_its_processes(self):
        """The short look, where nothing lives on that could hold it: orphans are ours."""
        self.assertEqual(remains.settled(remains.orphans), [])
        self.assertEqual(self.scan("--tmpfs", str(self.path)), "")


class ByCommandLine(Planted):
    def setUp(self):
        super().setUp()
        # A dataset that comes from a disk is on that disk: not what Mayfly wrote, and gone before
        # anything is looked at.
        self.sources = tempfile.TemporaryDirectory(prefix="mayfly-canary-source-")
        self.addCleanup(self.sources.cleanup)
        source = pathlib.Path(self.sources.name)
        (source / "directory" / "deeper").mkdir(parents=True)
        for name in ("file", "directory/a.csv", "directory/b.csv", "directory/deeper/c.csv"):
            (source / name).write_bytes(self.dataset())
        self.source = {"pipe": "-", "file": source / "file", "directory": source / "directory"}

    def start(self, door, ending):
        """In a folder of its own below what is scanned, where its output goes too."""
        script, options = ENDINGS[ending]
        folder = self.path / f"{door} {ending}".replace(" ", "-")
        folder.mkdir()
        (folder / "job.py").write_text(READ_ALL + script + "\n")
        with (folder / "output").open("wb") as output, (folder / "log").open("wb") as log:
            child = subprocess.Popen(
                [remains.BIN / self.program, "run", "--dataset", self.source[door], *options]
                + ["--script", "job.py", "--trace", "trace.jsonl", "-o", "cert.json"],
                cwd=folder,
                env=self.env,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=log,
                start_new_session=True,
            )
        return child, folder

    def run_one(self, run):
        child, folder = self.start(*run)
        child.communicate(self.dataset() if run[0] == "pipe" else b"", timeout=120)
        return child, folder

    def run_all(self, runs):
        """Side by side. By door and ending: the process, which has ended, and its folder."""
        with ThreadPoolExecutor(4) as pool:
            done = dict(zip(runs, pool.map(self.run_one, runs)))
        self.sources.cleanup()
        return done


class CommandLine(ByCommandLine):
    def test_nothing_is_left_however_the_job_ends(self):
        runs = [("pipe", ending) for ending in ENDINGS if ending != "refused"]
        runs += [(door, ending) for door in DOORS[1:] for ending in MOST_ENDINGS[:-1]]
        statuses = {
            "success": "succeeded",
            "failure": "failed",
            "crash": "signalled",
            "copies on tmpfs": "succeeded",
            "timeout": "timed_out",
            "denied": "denied",
        }
        for (door, ending), (_, folder) in self.run_all(runs).items():
            with self.subTest(door=door, ending=ending):
                log = (folder / "log").read_text()
                self.assertTrue((folder / "cert.json").exists(), log)
                self.assertTrue((folder / "trace.jsonl").exists(), log)
                claim = json.loads((folder / "cert.json").read_bytes())["statement"]["predicate"]
                self.assertEqual(claim["claim"]["result"]["status"], statuses[ending])
        self.assertEqual(len(remains.in_store(self.path / "state")), len(runs))
        self.nowhere()

    def test_a_refused_dataset_is_wiped_too(self):
        done = self.run_all([(door, "refused") for door in DOORS])
        for (door, _), (child, folder) in done.items():
            with self.subTest(door=door):
                self.assertNotEqual(child.returncode, 0)
                self.assertIn("dataset_bytes_max", (folder / "log").read_text())
                self.assertFalse((folder / "cert.json").exists())
        self.gone_with_its_processes()

    def test_the_scan_finds_it_while_the_job_runs_and_not_after(self):
        self.sources.cleanup()
        (self.path / "job.py").write_text(
            READ_ALL + "print('read', flush=True)\nimport time\ntime.sleep(300)\n"
        )
        child = subprocess.Popen(
            [remains.BIN / "mayfly", "run", "--dataset", "-", "--script", "job.py"],
            cwd=self.path,
            env=self.env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        child.stdin.write(self.dataset())
        child.stdin.close()
        self.assertEqual(child.stdout.readline(), b"read\n")
        self.assertIn("process", self.scan_everywhere())
        child.terminate()
        child.wait(timeout=30)
        child.stdout.close()
        self.gone_with_its_processes()


class ByServer(Planted):
    def setUp(self):
        super().setUp()
        log = (self.path / "log").open("wb")
        self.addCleanup(log.close)
        self.server = subprocess.Popen(
            [remains.BIN / self.program, "serve", "--port", "0", "--runs", "4"],
            cwd=self.path,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=log,
        )
        self.addCleanup(self.stop)
        self.port = int(self.server.stdout.readline().decode().rsplit(":", 1)[1])

    def stop(self):
        self.server.terminate()
        self.server.wait(timeout=40)
        self.server.stdout.close()

    def data(self):
        return "base64:" + base64.b64encode(self.dataset()).decode()

    def post(self, body):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        connection.request(
            "POST", "/execute", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        reply = connection.getresponse()
        answer = json.loads(reply.read())
        connection.close()
        return reply.status, answer

    def execute(self, ending):
        return self.post(
            {
                "dataset": {"data": self.data(), "format": "csv"},
                "sandbox": {
                    "scripts": {"main.py": READ_ALL + ENDINGS[ending][0] + "\n"},
                    "tools": ["python"],
                    "environment": {"timeout_seconds": 1 if ending == "timeout" else 60},
                },
            }
        )

    def refusals(self):
        return {
            "unknown field": {"dataset": {"data": self.data(), "format": "csv"}, "extra": 1},
            "cut base64": {
                "dataset": {"data": self.data()[:-3] + "!!", "format": "csv"},
                "sandbox": {},
            },
            "wrong format": {"dataset": {"data": self.data(), "format": "xml"}, "sandbox": {}},
        }


class BySealedUpload(ByServer):
    """Through `mayfly submit`, which gets the dataset by a pipe."""

    def submit(self, ending, *options):
        script, limits = ENDINGS[ending]
        limits = ["--limits", "wall=1s"] if ending == "timeout" else limits
        folder = self.path / f"sealed {ending} {len(options)}".replace(" ", "-")
        folder.mkdir()
        (folder / "main.py").write_text(READ_ALL + script + "\n")
        with (folder / "output").open("wb") as output, (folder / "log").open("wb") as log:
            return subprocess.Popen(
                [remains.BIN / "mayfly", "submit", "--url", f"http://127.0.0.1:{self.port}"]
                + ["--send-to-simulated", "a test", "--dataset", "-", "--dataset-format", "csv"]
                + ["--script", "main.py", "-o", "cert.json", *limits, *options],
                cwd=folder, env=self.env, stdin=subprocess.PIPE, stdout=output, stderr=log,
            ), folder

    def finish(self, ending, *options):
        child, folder = self.submit(ending, *options)
        child.communicate(self.dataset(), timeout=120)
        return child.returncode, folder

    def gone_away(self):
        """A sender that is killed once the server holds some of it."""
        child, _ = self.submit("success", "--private")
        before = len(self.scan("--process", str(self.server.pid)))
        child.stdin.write(self.dataset()[:80_000])
        child.stdin.flush()
        there = ("--process", str(self.server.pid))
        self.assertFalse(remains.settled(lambda: len(self.scan(*there)) <= before, 60))
        child.kill()
        child.wait()
        child.stdin.close()


class Sealed(BySealedUpload):
    def test_nothing_is_left_however_the_job_ends(self):
        endings = [ending for ending in ENDINGS if ending != "refused"]
        with ThreadPoolExecutor(4) as pool:
            done = dict(zip(endings, pool.map(self.finish, endings)))
        for ending, (status, folder) in done.items():
            with self.subTest(ending=ending):
                copies = ending in ("success", "copies on tmpfs")
                self.assertEqual(status, 5 if copies else 6, (folder / "log").read_text())
                self.assertTrue((folder / "cert.json").exists())
        self.assertEqual(len(remains.in_store(self.path / "state")), len(endings))
        self.nowhere()  # The server is among all processes.

    def test_a_refused_one_is_wiped_too_and_one_whose_sender_goes_away(self):
        status, folder = self.finish("success", "--system-calls", "no-such")
        self.assertEqual(status, 64)
        self.assertIn("invalid-request", (folder / "log").read_text())
        self.gone_away()
        self.assertEqual(remains.in_store(self.path / "state"), {})
        where = ("--process", str(self.server.pid), str(self.path))
        self.assertEqual(remains.settled(lambda: self.scan(*where), 60), "")


class Served(ByServer):
    def test_nothing_is_left_however_the_job_ends(self):
        endings = [ending for ending in ENDINGS if ending != "refused"]
        with ThreadPoolExecutor(4) as pool:
            answers = dict(zip(endings, pool.map(self.execute, endings)))
        for ending, (status, answer) in answers.items():
            with self.subTest(ending=ending):
                self.assertEqual(status, 200, answer)
                self.assertTrue(answer["lifecycle"]["dataset_deleted"])
        self.assertEqual(len(remains.in_store(self.path / "state")), len(endings))
        self.nowhere()  # The server is among all processes.

    def test_what_a_step_hands_on_is_nowhere_either(self):
        if b"__tsan_init" in (remains.BIN / self.program).read_bytes():
            self.skipTest("the thread sanitizer keeps what was freed as it was")
        # It passes through the server's memory, as files that the next sandbox gets.
        copy = READ_ALL + "pathlib.Path('/work/copy').write_bytes(data)\n"
        for script, outcome in (("print(len(open('copy').read()))", "succeeded"),
                                ("raise SystemExit(len(open('copy').read()) and 3)", "failed")):
            with self.subTest(outcome=outcome):
                status, answer = self.post({
                    "dataset": {"data": self.data(), "format": "csv"},
                    "sandbox": {"scripts": {"main.py": script},
                                "steps": [["python3", "-c", copy]]},
                })
                self.assertEqual(status, 200, answer)
                self.assertEqual(answer["result"]["status"], outcome, answer["result"])
        self.nowhere()  # The server is among all processes.

    def test_a_refused_dataset_is_wiped_too(self):
        for name, body in self.refusals().items():
            with self.subTest(name=name):
                status, _ = self.post(body)
                self.assertGreaterEqual(status, 400)
        self.assertEqual(self.scan("--process", str(self.server.pid), str(self.path)), "")


def end_keepers():
    """The processes in which mayfly_without_wipe keeps its datasets: children of this one now."""
    for pid in remains.children("self"):
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


class CommandLineWithoutWipe(ByCommandLine):
    """Shows that the look can fail, and that Mayfly itself sees what is left, and says so."""

    program = "mayfly_without_wipe"

    def setUp(self):
        super().setUp()
        self.addCleanup(end_keepers)

    def test_the_scan_finds_it_through_every_door_and_after_every_ending(self):
        runs = [("pipe", ending) for ending in MOST_ENDINGS]
        runs += [(door, ending) for door in DOORS[1:] for ending in ("success", "refused")]
        done = self.run_all(runs)
        seen = self.scan_everywhere()
        keepers = {pid: os.getpgid(pid) for pid in remains.children("self")}
        for (door, ending), (child, folder) in done.items():
            with self.subTest(door=door, ending=ending):
                ours = [pid for pid, group in keepers.items() if group == child.pid]
                self.assertTrue(
                    any(f"process {pid} (sleep) descriptor 0: raw" in seen for pid in ours), seen
                )
                self.assertFalse((folder / "cert.json").exists())
                if ending != "refused":
                    self.assertIn("not certified", (folder / "log").read_text())
        self.assertEqual(remains.in_store(self.path / "state"), {})


class Unwiped:
    """The same for the server."""

    program = "mayfly_without_wipe"

    def stop(self):
        super().stop()
        end_keepers()

    def times_found(self):
        """In the memory of the server: rows of datasets."""
        lines = self.scan("--process", str(self.server.pid)).splitlines()
        return sum(int(line.split(": raw, ")[1].split()[0]) for line in lines
                   if "/memfd:mayfly-dataset" in line and ": raw, " in line)


class SealedWithoutWipe(Unwiped, BySealedUpload):
    def test_the_scan_finds_it_after_every_ending(self):
        before = 0
        for ending, options in (("success", ()), ("failure", ()),
                                ("success", ("--system-calls", "no-such"))):
            with self.subTest(ending=ending, options=options):
                status, _ = self.finish(ending, *options)
                self.assertEqual(status, 64)
                found = self.times_found()
                self.assertGreaterEqual(found, before + ROWS)
                before = found
        self.gone_away()
        self.assertFalse(remains.settled(lambda: self.times_found() <= before, 60))


class ServedWithoutWipe(Unwiped, ByServer):
    def test_the_scan_finds_it_after_every_ending(self):
        before = 0
        for ending in MOST_ENDINGS[:-1]:
            with self.subTest(ending=ending):
                status, answer = self.execute(ending)
                self.assertGreaterEqual(status, 400)
                self.assertIn("not certified", answer["detail"])
                found = self.times_found()
                self.assertGreaterEqual(found, before + ROWS)
                before = found
        for name, body in self.refusals().items():
            with self.subTest(name=name):
                self.post(body)
                found = self.times_found()
                self.assertGreater(found, before)
                before = found
        self.assertEqual(remains.in_store(self.path / "state"), {})


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
