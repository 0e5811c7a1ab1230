"""A running mayfly serve, and what to ask of it: for tests with real programs around it."""
import http.client
import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import unittest

BIN = pathlib.Path(os.environ["MAYFLY_BIN"])
ROOT = pathlib.Path(__file__).resolve().parents[2]


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = response.read()

    def json(self):
        return json.loads(self.body)


class Service(unittest.TestCase):
    options: tuple = ()

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="mayfly-deploy-")
        self.addCleanup(self.folder.cleanup)
        self.path = pathlib.Path(self.folder.name)
        self.env = dict(os.environ, MAYFLY_STATE=str(self.path / "state"), NO_COLOR="1")
        self.start()

    def mayfly(self, *arguments):
        done = subprocess.run([str(BIN / "mayfly"), *arguments], env=self.env, timeout=300,
                              capture_output=True, text=True, cwd=self.path)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def start(self):
        self.log_path = self.path / "serve.log"
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [str(BIN / "mayfly"), "serve", "--port", "0", *self.options], env=self.env,
                stdout=subprocess.PIPE, stderr=log, cwd=self.path)
        self.addCleanup(self.stop)
        line = self.process.stdout.readline().decode()
        self.assertIn("listening on http://", line, self.log_path.read_text())
        self.port = int(line.rstrip().rsplit(":", 1)[1])

    def stop(self, how=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(timeout=300)
        self.process.stdout.close()

    def ask(self, method, target, body=None, **headers):
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        try:
            if isinstance(body, (dict, list)):
                body = json.dumps(body)
                fields.setdefault("Content-Type", "application/json")
            connection.request(method, target, body=body, headers=fields)
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def get(self, target, **headers):
        return self.ask("GET", target, **headers)

    def run_job(self, script="echo done", dataset=None, **headers):
        request = {"sandbox": {"scripts": {"main.sh": script}}}
        if dataset is not None:
            request["dataset"] = dataset
        return self.ask("POST", "/execute", request, **headers)

    def metric_names(self):
        """Of every family, as a rule names it: with _total, _bucket, _sum, _count."""
        names = set()
        for name, kind in re.findall(r"^# TYPE (\S+) (\S+)$", self.get("/metrics").body.decode(),
                                     re.M):
            ends = ("_bucket", "_sum", "_count") if kind == "histogram" else ("",)
            names.update(name + end for end in ends)
        return names
