"""A canary planted in the dataset is nowhere after the run: no process, tmpfs, file or certificate.

Goal: kernel truth about "destroyed". Method: a random mark goes in through every door of this
version (a pipe, a file, base64 inside an HTTP request), the job reads all of it and then succeeds,
fails, overruns a limit or is killed; afterwards canary_scan looks at the memory of every process it
may read (raw bytes and base64), at every tmpfs, and at all that Mayfly wrote. While the job still
runs the same scan must find it: the look can fail.
"""
import base64
import http.client
import json
import os
import pathlib
import secrets
import subprocess
import sys
import tempfile
import time
import unittest

BIN = pathlib.Path(os.environ["MAYFLY_BIN"])
READ_ALL = "import os\ndata = open(os.environ['DATASET_PATH'], 'rb').read()\n"
ENDINGS = {
    "success": (READ_ALL + "print(len(data))\n", "30s"),
    "failure": (READ_ALL + "raise SystemExit(3)\n", "30s"),
    "crash": (READ_ALL + "os.abort()\n", "30s"),
    "copies on tmpfs": (
        READ_ALL + "open('/work/copy', 'wb').write(data)\nopen('/tmp/copy', 'wb').write(data)\n",
        "30s",
    ),
    "timeout": (READ_ALL + "import time\ntime.sleep(60)\n", "1s"),
}


class Planted(unittest.TestCase):
    def setUp(self):
        # No other process, and no argument list, ever holds the mark: it is made here.
        self.mark = secrets.token_hex(24).encode()
        folder = tempfile.TemporaryDirectory(prefix="mayfly-canary-")
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name)
        self.env = dict(os.environ, MAYFLY_STATE=str(self.path / "state"))

    def dataset(self):
        return b"id,note\n" + b"".join(b"%d,%s\n" % (row, self.mark) for row in range(2000))

    def scan(self, *where):
        mask = secrets.token_bytes(len(self.mark))
        masked = bytes(a ^ b for a, b in zip(mask, self.mark))
        done = subprocess.run(
            [str(BIN / "canary_scan"), "--except", str(os.getpid()), *where],
            input=f"{mask.hex()}:{masked.hex()}\n".encode(),
            capture_output=True,
            timeout=280,
        )
        self.assertIn(done.returncode, (0, 1), done.stderr)
        return done.stdout.decode()

    def nowhere(self):
        self.assertEqual(self.scan("--all-processes", "--tmpfs", str(self.path)), "")


class CommandLine(Planted):
    def run_job(self, script, timeout, dataset):
        (self.path / "job.py").write_text(script)
        return subprocess.Popen(
            [
                str(BIN / "mayfly"),
                "run",
                "--dataset",
                dataset,
                "--dataset-format",
                "csv",
                "--script",
                "job.py",
                "--timeout",
                timeout,
                "-o",
                "cert.json",
            ],
            cwd=self.path,
            env=self.env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def test_nothing_is_left_however_the_job_ends(self):
        for name, (script, timeout) in ENDINGS.items():
            with self.subTest(ending=name):
                child = self.run_job(script, timeout, "-")
                child.communicate(self.dataset(), timeout=60)
                self.assertTrue((self.path / "cert.json").exists(), name)
                (self.path / "cert.json").rename(self.path / "last.json")
        self.nowhere()

    def test_the_scan_finds_it_while_the_job_runs_and_not_after(self):
        child = self.run_job(
            READ_ALL + "print('read', flush=True)\nimport time\ntime.sleep(300)\n", "300s", "-"
        )
        child.stdin.write(self.dataset())
        child.stdin.close()
        self.assertEqual(child.stdout.readline(), b"read\n")
        self.assertIn("process", self.scan("--all-processes"))
        child.terminate()
        child.wait(timeout=30)
        child.stdout.close(), child.stderr.close()
        self.nowhere()

    def test_a_refused_dataset_is_wiped_too(self):
        done = subprocess.run(
            [
                str(BIN / "mayfly"),
                "run",
                "--dataset",
                "-",
                "--dataset-max",
                "1k",
                "-o",
                "cert.json",
                "--",
                "true",
            ],
            cwd=self.path,
            env=self.env,
            input=self.dataset(),
            capture_output=True,
            timeout=60,
        )
        self.assertNotEqual(done.returncode, 0)
        self.nowhere()


class Served(Planted):
    def setUp(self):
        super().setUp()
        log = (self.path / "log").open("wb")
        self.addCleanup(log.close)
        self.server = subprocess.Popen(
            [str(BIN / "mayfly"), "serve", "--port", "0"],
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

    def post(self, script, timeout, body=None):
        body = (
            body
            or json.dumps(
                {
                    "dataset": {
                        "data": "base64:" + base64.b64encode(self.dataset()).decode(),
                        "format": "csv",
                    },
                    "sandbox": {
                        "scripts": {"main.py": script},
                        "tools": ["python"],
                        "environment": {"timeout_seconds": timeout},
                    },
                }
            ).encode()
        )
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("POST", "/execute", body, {"Content-Type": "application/json"})
        reply = connection.getresponse()
        answer = json.loads(reply.read())
        connection.close()
        return reply.status, answer

    def test_nothing_is_left_however_the_job_ends(self):
        for name, (script, timeout) in ENDINGS.items():
            with self.subTest(ending=name):
                status, answer = self.post(script, int(timeout[:-1]))
                self.assertEqual(status, 200, answer)
                self.assertTrue(answer["lifecycle"]["dataset_deleted"])
        self.assertEqual(self.scan("--process", str(self.server.pid), str(self.path)), "")
        self.nowhere()

    def test_a_refused_dataset_is_wiped_too(self):
        data = base64.b64encode(self.dataset()).decode()
        refused = {
            "unknown field": {"dataset": {"data": "base64:" + data, "format": "csv"}, "extra": 1},
            "cut base64": {
                "dataset": {"data": "base64:" + data[:-3] + "!!", "format": "csv"},
                "sandbox": {},
            },
            "wrong place": {"dataset": {"data": "base64:" + data, "format": "xml"}, "sandbox": {}},
        }
        for name, body in refused.items():
            with self.subTest(name=name):
                status, _ = self.post("", 1, json.dumps(body).encode())
                self.assertGreaterEqual(status, 400)
        self.assertEqual(self.scan("--process", str(self.server.pid), str(self.path)), "")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
