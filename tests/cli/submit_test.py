"""`mayfly submit` against `mayfly serve`, through a front that keeps all it sees: nothing leaves
before the service was verified, the front sees ciphertext only, and what comes back is verified and
compared with what was sent. Needs MAYFLY_BIN."""
import base64
import hashlib
import http.client
import json
import os
import secrets
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import sealed_peer
from watching_front import Front

BIN = Path(os.environ["MAYFLY_BIN"])
VERIFIED, CONTRADICTED, MALFORMED, INCONCLUSIVE, REFUSED, UNATTESTED = range(6)
JOB_FAILED, USAGE = 6, 64
SIMULATED = ("--send-to-simulated", "a test")
SCRIPT = """
import os
data = open(os.environ["DATASET_PATH"], "rb").read()
print(len(data), data[-40:])
"""


class Submitted(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="mayfly-submit-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.env = dict(os.environ, HOME=folder.name, MAYFLY_STATE=str(self.folder / "state"))
        self.mark = secrets.token_hex(20).encode()
        self.data = b"id,note\n" + b"".join(b"%d,%s\n" % (n, self.mark) for n in range(5000))
        (self.folder / "d.csv").write_bytes(self.data)
        (self.folder / "main.py").write_text(SCRIPT)
        self.start()

    def start(self):
        self.server = subprocess.Popen([BIN / "mayfly", "serve", "--port", "0"], env=self.env,
                                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.addCleanup(self.stop, self.server)
        self.port = int(self.server.stdout.readline().decode().rsplit(":", 1)[1])
        self.front = Front(self.port)
        self.addCleanup(self.front.close)

    def stop(self, server):
        if server.poll() is None:
            server.send_signal(signal.SIGTERM)
            server.wait(timeout=300)
        server.stdout.close()

    def mayfly(self, *arguments, stdin=b""):
        return subprocess.run([BIN / "mayfly", *map(str, arguments)], capture_output=True,
                              timeout=240, env=self.env, cwd=self.folder, input=stdin)

    def submit(self, *arguments, url=None, stdin=b""):
        words = map(str, arguments)
        return self.mayfly("submit", "--url", url or self.front.url, "-o", "cert.json", *words,
                           stdin=stdin)

    def whole(self, *more, **how):
        return self.submit(*SIMULATED, "--dataset", "d.csv", "--script", "main.py", *more, **how)

    def nothing_kept(self):
        self.assertFalse((self.folder / "cert.json").exists())


class Submit(Submitted):
    def test_nothing_is_sent_to_a_service_that_is_not_verified(self):
        ran = self.submit("--dataset", "d.csv", "--script", "main.py")
        self.assertEqual(ran.returncode, UNATTESTED, ran.stderr)
        self.assertIn(b"nothing was sent", ran.stderr)
        other = self.whole("--software", "sha256:" + "0" * 64)
        self.assertNotIn(other.returncode, (VERIFIED, JOB_FAILED))
        self.assertIn(b"nothing was sent", other.stderr)
        self.assertFalse(b"POST" in self.front.sent())
        self.nothing_kept()

    def test_the_claim_is_that_of_a_run_here_and_the_front_sees_ciphertext_only(self):
        ran = self.whole("--json")
        self.assertEqual(ran.returncode, UNATTESTED, ran.stderr)
        self.assertIn(b"WEAKENED", ran.stderr)
        said = json.loads(ran.stdout)
        certificate = json.loads((self.folder / "cert.json").read_bytes())
        here = self.mayfly("run", "--no-store", "-q", "--dataset", "d.csv", "--script", "main.py",
                           "-o", "here.json")
        self.assertEqual(here.returncode, 0, here.stderr)
        expected = json.loads((self.folder / "here.json").read_bytes())
        self.assertEqual(certificate["claim_hash"], expected["claim_hash"])
        self.assertEqual(said["claim_hash"], certificate["claim_hash"])
        digest = "sha256:" + hashlib.sha256(self.data).hexdigest()
        self.assertEqual((said["dataset_hash"], said["dataset_bytes"], said["sent_to_simulated"]),
                         (digest, len(self.data), "a test"))
        self.assertIn(self.mark[-10:].decode(), said["output"])
        signer = certificate["statement"]["predicate"]["run"]["signer"]
        self.assertIn(said["signer"], (signer, signer.removeprefix("ed25519:")))
        seen = self.front.everything()
        self.assertIn(b"POST /execute", seen)
        # Neither the data, nor the code, nor what the job printed.
        for private in (self.mark, self.mark[-10:], b"print(len(data)"):
            self.assertFalse(private in seen, private)
        self.assertEqual(self.mayfly("verify", "--dataset", "d.csv", "cert.json").returncode,
                         UNATTESTED)

    def test_from_standard_input_without_a_dataset_and_a_job_that_fails(self):
        ran = self.submit(*SIMULATED, "--dataset", "-", "--dataset-format", "csv", "--script",
                          "main.py", stdin=self.data)
        self.assertEqual(ran.returncode, UNATTESTED, ran.stderr)
        self.assertIn(str(len(self.data)).encode(), ran.stdout)
        ran = self.submit(*SIMULATED, "--", "sh", "-c", "echo out; echo err >&2; exit 3")
        self.assertEqual(ran.returncode, JOB_FAILED, ran.stderr)
        self.assertEqual(ran.stdout, b"out\n")
        self.assertIn(b"err\n", ran.stderr)
        # A key for a model goes the same way.
        key = "sk-" + secrets.token_hex(20)
        (self.folder / "key").write_text(key + "\n")
        (self.folder / "key").chmod(0o600)
        ran = self.whole("--llm", "openai", "--llm-model", "m", "--llm-key-file", "key")
        self.assertEqual(ran.returncode, UNATTESTED, ran.stderr)
        self.assertFalse(key.encode() in self.front.everything())
        self.assertFalse(key.encode() in (self.folder / "cert.json").read_bytes())

    def test_the_trace_comes_sealed_and_gives_the_certificates_root(self):
        ran = self.whole("--trace", "t.jsonl", "--may-withhold", "files,result")
        self.assertEqual(ran.returncode, UNATTESTED, ran.stderr)
        lines = (self.folder / "t.jsonl").read_bytes().splitlines()
        certificate = json.loads((self.folder / "cert.json").read_bytes())
        statement = certificate["statement"]["predicate"]
        self.assertEqual(len(lines), statement["run"]["trace"]["size"])
        self.assertEqual(statement["claim"]["withhold"], ["files", "result"])
        checked = self.mayfly("verify", "--json", "cert.json", "--trace", "t.jsonl")
        self.assertIn(b"trace-matches", checked.stdout)
        seen = self.front.everything()
        for line in lines:
            self.assertFalse(json.loads(line)["salt"].encode() in seen)
        shown = self.mayfly("disclose", "cert.json", "--trace", "t.jsonl", "--events",
                            "executions", "--withhold-result", "-o", "shown.json")
        self.assertEqual(shown.returncode, 0, shown.stderr)
        self.assertEqual(self.mayfly("verify", "-q", "shown.json").returncode, UNATTESTED)

    def test_a_trace_that_a_service_does_not_give_is_said(self):
        (self.folder / "many.py").write_text(
            "for i in range(100000):\n  try: open('/work/' + 'n' * 200)\n"
            "  except OSError: pass\n")
        ran = self.submit(*SIMULATED, "--script", "many.py", "--trace", "t.jsonl")
        self.assertEqual(ran.returncode, USAGE, ran.stderr)
        self.assertIn(b"the answer has no trace", ran.stderr)
        self.assertFalse((self.folder / "t.jsonl").exists())
        self.assertEqual(self.mayfly("verify", "-q", "cert.json").returncode, UNATTESTED)

    def test_an_upload_sent_again_or_changed_on_the_way_is_refused(self):
        self.assertEqual(self.whole().returncode, UNATTESTED)
        upload = next(record[0] for record in self.front.seen if record[0].startswith(b"POST"))
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        connection.connect()
        connection.sock.sendall(upload.replace(b"Expect: 100-continue\r\n", b""))
        answer = connection.sock.makefile("rb").read()
        connection.close()
        self.assertIn(b" 409 ", answer.split(b"\r\n")[0])
        self.assertIn(b"replayed-upload", answer)
        (self.folder / "cert.json").unlink()
        flipped = []

        def flip(data):
            if b"POST" in data or len(data) < 1000 or flipped:
                return data
            flipped.append(True)
            return data[:500] + bytes([data[500] ^ 1]) + data[501:]
        self.front.change_request = flip
        ran = self.whole()
        self.assertEqual(ran.returncode, USAGE, ran.stderr)
        self.assertIn(b"broken-seal", ran.stderr)
        self.nothing_kept()

    def test_another_certificate_than_that_of_this_run_is_not_kept(self):
        self.mayfly("run", "--no-store", "-q", "--dataset", "d.csv", "--script", "main.py", "-o",
                    "other.json")
        other = (self.folder / "other.json").read_bytes()
        head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(other)
        self.front.answer_instead = (
            lambda first: head + other if first.startswith(b"GET /certificate/") else None)
        ran = self.whole()
        self.assertEqual(ran.returncode, CONTRADICTED, ran.stderr)
        self.assertIn(b"another key", ran.stderr)
        self.nothing_kept()

    def test_an_answer_that_is_not_sealed_is_not_believed(self):
        body = json.dumps({"certificate_id": "sha256:" + "0" * 64}).encode()
        head = (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
                % len(body))
        self.front.answer_instead = (
            lambda first: head + body if first.startswith(b"POST") else None)
        ran = self.whole()
        self.assertEqual(ran.returncode, CONTRADICTED, ran.stderr)
        self.assertIn(b"not sealed", ran.stderr)
        self.nothing_kept()

    def test_what_says_nothing_is_refused_before_anything_is_asked(self):
        (self.folder / "d.bin").write_bytes(b"x")
        for words in (("--dataset", "d.bin"), ("--dataset-format", "csv"), ("--dataset", "."),
                      ("--limits", "wall=1500ms"), ("--env", "x"), ("--assert", "x"),
                      ("--token-file", "absent"), ("--json", "-o", "-"), ("--json", "--trace", "-"),
                      ("--trace", "cert.json")):
            ran = self.submit(*SIMULATED, *words, "--script", "main.py")
            self.assertEqual(ran.returncode, USAGE, (words, ran.stderr))
        self.assertEqual(self.front.seen, [])
        ran = self.whole(url="http://127.0.0.1:9")
        self.assertEqual(ran.returncode, USAGE)
        refused = self.submit(*SIMULATED, "--system-calls", "no-such", "--script", "main.py")
        self.assertEqual(refused.returncode, USAGE)
        self.assertIn(b"/sandbox/policy", refused.stderr)

    def test_takes_the_services_token_and_keeps_a_certificate_private(self):
        token = self.mayfly("token", "create", "--tenant", "me", "--scope", "execute", "--scope",
                            "read").stdout.strip()
        self.assertTrue(token.startswith(b"mayfly_"), token)
        without = self.whole()
        self.assertEqual(without.returncode, USAGE)
        self.assertIn(b"401", without.stderr)
        (self.folder / "token").write_bytes(token + b"\n")
        (self.folder / "token").chmod(0o600)
        ran = self.whole("--token-file", "token", "--private")
        self.assertEqual(ran.returncode, UNATTESTED, ran.stderr)
        (self.folder / "token").chmod(0o644)
        self.assertEqual(self.whole("--token-file", "token").returncode, USAGE)


class AnotherClient(Submitted):
    def ask(self, method, path, body=None, media="application/json"):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        connection.request(method, path, body, {"Content-Type": media} if body else {})
        reply = connection.getresponse()
        answer = reply.status, reply.getheader("Content-Type"), reply.read()
        connection.close()
        return answer

    def test_that_was_written_by_the_page_is_understood(self):
        attestation = json.loads(self.ask("GET", "/.well-known/mayfly-attestation?nonce=" +
                                          secrets.token_hex(16))[2])
        manifest = attestation["manifest"]
        text = json.dumps(manifest, sort_keys=True, separators=(",", ":")).encode()
        request = json.dumps({"dataset": {"format": "csv"},
                              "sandbox": {"scripts": {"main.py": SCRIPT}}}).encode()
        for data in (self.data[:3500], b"", None):
            job = request if data is not None else b'{"sandbox":{"entrypoint":["echo","x"]}}'
            body, key = sealed_peer.seal(text, bytes.fromhex(manifest["upload_key"]), job, data)
            status, media, answer = self.ask("POST", "/execute", body,
                                             "application/vnd.mayfly.sealed-upload")
            self.assertEqual((status, media), (200, "application/vnd.mayfly.sealed-reply"), answer)
            said = json.loads(sealed_peer.open_reply(key, answer))
            self.assertEqual(said["result"]["status"], "succeeded")
            if data is not None:
                self.assertEqual(said["proof"]["dataset_hash"],
                                 "sha256:" + hashlib.sha256(data).hexdigest())

    def test_may_ask_for_its_answer_later(self):
        manifest = json.loads(self.ask("GET", "/.well-known/mayfly-attestation?nonce=" +
                                       secrets.token_hex(16))[2])["manifest"]
        text = json.dumps(manifest, sort_keys=True, separators=(",", ":")).encode()
        body, key = sealed_peer.seal(text, bytes.fromhex(manifest["upload_key"]),
                                     b'{"sandbox":{"entrypoint":["echo","x"]}}', None)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        connection.request("POST", "/execute", body, {
            "Content-Type": "application/vnd.mayfly.sealed-upload", "Prefer": "respond-async"})
        reply = connection.getresponse()
        self.assertEqual(reply.status, 202)
        where = reply.getheader("Location")
        connection.close()
        for _ in range(600):
            run = json.loads(self.ask("GET", where)[2])
            if run["state"] == "finished":
                break
            time.sleep(0.1)
        self.assertNotIn("reply", run)
        said = json.loads(sealed_peer.open_reply(key, base64.b64decode(run["sealed_reply"])))
        self.assertEqual(said["result"]["output"], "x\n")


if __name__ == "__main__":
    unittest.main()
