"""The shipped nginx configuration with the real nginx, and the unit with systemd's own checker."""
import base64
import http.client
import json
import re
import shutil
import socket
import ssl
import subprocess
import unittest

from front import FrontCase
from service import BIN, ROOT, Service

CANARY = "canary-1b5e20"


class Front(FrontCase):
    def test_a_run_goes_through_and_nothing_of_it_is_left_in_front(self):
        data = (f"name\n{CANARY}\n" * 20000).encode()
        request = {"dataset": {"data": "base64:" + base64.b64encode(data).decode(),
                               "format": "csv"},
                   "sandbox": {"scripts": {"main.sh": "wc -l < $DATASET_PATH"}}}
        answer = self.ask_front("POST", "/execute", json.dumps(request),
                                Content_Type="application/json")
        self.assertEqual(answer.status, 200, answer.body[:400])
        self.assertEqual(answer.json()["result"]["output"].strip(), "40000")
        self.assertIn("strict-transport-security", answer.headers)
        certificate = self.ask_front("GET", answer.json()["certificate_url"] + "?format=json")
        self.assertEqual(certificate.status, 200)
        home = self.path / "nginx"
        for file in home.rglob("*"):
            if file.is_file():
                self.assertNotIn(CANARY.encode(), file.read_bytes(), file)
        log = self.access_log.read_text()
        self.assertIn("/certificate/", log)
        self.assertNotIn("format=json", log, "a query is in the log")

    def test_metrics_are_not_for_others(self):
        self.assertEqual(self.ask_front("GET", "/metrics").status, 404)
        self.assertEqual(self.ask_front("GET", "/v1/metrics").status, 404)
        self.assertEqual(self.get("/metrics").status, 200)

    def test_only_tls_1_3(self):
        old = self.context()
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        with self.assertRaises(ssl.SSLError):
            with socket.create_connection(("127.0.0.1", self.front_port), 30) as plain:
                old.wrap_socket(plain)

    def test_events_are_not_held_back(self):
        accepted = self.ask_front("POST", "/execute", json.dumps(
            {"sandbox": {"scripts": {"main.sh": "sleep 600"}}}),
            Content_Type="application/json", Prefer="respond-async")
        path = accepted.headers["location"]
        connection = http.client.HTTPSConnection("127.0.0.1", self.front_port, timeout=300,
                                                 context=self.context())
        self.addCleanup(connection.close)
        connection.request("GET", path + "/events")
        stream = connection.getresponse()
        heard = b""
        while b"event: running" not in heard:  # while the run goes on
            heard += stream.read1(4096)
        self.assertNotIn(b"event: finished", heard)
        self.ask_front("DELETE", path)
        while b"event: finished" not in heard:
            heard += stream.read1(4096)

    def test_what_two_readers_could_read_differently_is_refused(self):
        head = b"POST /execute HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        for fields in (b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
                       b"Content-Length: 2\r\nContent-Length: 3\r\n",
                       b"Transfer-Encoding: gzip, chunked\r\n"):
            answer = self.raw(head + fields + b"Connection: close\r\n\r\n{}")
            self.assertRegex(answer[:12], rb"HTTP/1.1 (400|501)", fields)
        long = b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 40000 + b"\r\n\r\n"
        self.assertRegex(self.raw(long)[:12], rb"HTTP/1.1 4(00|94|31)")
        self.assertEqual(self.ask_front("GET", "/healthz").status, 200)


class Unit(unittest.TestCase):
    def setUp(self):
        if shutil.which("systemd-analyze") is None:
            self.skipTest("systemd-analyze is missing: Debian's systemd has it")
        self.unit = ROOT / "deploy" / "systemd" / "mayfly.service"

    def analyze(self, *arguments):
        return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True,
                              timeout=300)

    def test_systemd_understands_it(self):
        service = Service()
        service.setUp()
        self.addCleanup(service.doCleanups)
        text = self.unit.read_text().replace("/usr/bin/mayfly", str(BIN / "mayfly"))
        here = service.path / "mayfly.service"
        here.write_text(text)
        done = self.analyze("verify", "--man=no", str(here))
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_it_stays_as_hard_as_it_is(self):
        done = self.analyze("security", "--offline=yes", "--threshold=50", str(self.unit))
        self.assertEqual(done.returncode, 0, done.stdout)
        level = float(re.search(r"exposure level for \S+: ([0-9.]+)", done.stdout).group(1))
        self.assertLess(level, 5.0)
