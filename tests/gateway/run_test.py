"""Whole runs that call a model: `mayfly run --llm`, the agent, and sandbox.llm over HTTP.

Goal: what a user asks for is what leaves the sandbox, and what the certificate says is what
happened. Method: the real programs, with a scripted provider on loopback as the model; the key is a
mark that is looked for everywhere afterwards.
"""
import hashlib
import http.client
import json
import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

import scripted_provider as provider_side
from scripted_provider import Provider, reply

BIN = Path(os.environ.get("MAYFLY_BIN", "build/dev/bin")).resolve()
KEY = "sk-canary-4f1c0e7b9a2d"
DATA = "name,email\nAnn,ann@example.test\nBob,none\n"

ASKS_ITSELF = """
import http.client, json, os, urllib.parse
to = urllib.parse.urlsplit(os.environ['ANTHROPIC_BASE_URL'])
row = open(os.environ['DATASET_PATH']).read().splitlines()[1]
connection = http.client.HTTPConnection(to.hostname, to.port)
connection.request('POST', '/v1/messages', json.dumps({'model': 'claude-test-1', 'max_tokens': 50,
    'messages': [{'role': 'user', 'content': 'personal? ' + row}]}),
    {'x-api-key': os.environ['ANTHROPIC_API_KEY']})
answer = connection.getresponse()
got = json.loads(answer.read())
print(json.dumps({'status': answer.status, 'said': got['content'][0]['text']}))
"""


def tool_use(*calls, said="let me look"):
    content = [{"type": "text", "text": said}]
    content += [{"type": "tool_use", "id": f"toolu_{n}", "name": name, "input": arguments}
                for n, (name, arguments) in enumerate(calls)]
    return reply(provider_side.message(content=content, stop="tool_use"))


def said(text, **more):
    return reply(provider_side.message(text, **more))


class Runs(unittest.TestCase):
    def setUp(self):
        self.provider = Provider()
        self.addCleanup(self.provider.close)
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.here = Path(self.folder.name)
        (self.here / "data.csv").write_text(DATA)
        (self.here / "key").write_text(KEY + "\n")
        (self.here / "key").chmod(0o600)
        self.environment = {**os.environ, "XDG_STATE_HOME": str(self.here / "state")}

    def mayfly(self, *arguments, status=0):
        done = subprocess.run(
            [BIN / "mayfly", "run", "--dataset", "data.csv", "-o", "cert.json", "--trace",
             "trace.jsonl", "--llm", self.provider.url, "--llm-key-file", "key", *arguments],
            cwd=self.here, env=self.environment, capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, status, done.stderr + done.stdout)
        return done

    def claim(self):
        return self.statement()["claim"]

    def statement(self):
        return json.loads((self.here / "cert.json").read_text())["statement"]["predicate"]

    def calls_in_trace(self):
        lines = (self.here / "trace.jsonl").read_text().splitlines()
        events = [json.loads(line)["event"] for line in lines]
        return [event for event in events if event["event"] == "llm"]

    def agent(self, *answers, status=0, options=()):
        self.provider.script = list(answers)
        return self.mayfly("--llm-model", "claude-test-1", "--llm-prompt",
                           "is there personal data?", *options, status=status)


class AScript(Runs):
    def run_it(self, **options):
        (self.here / "main.py").write_text(ASKS_ITSELF)
        self.provider.script = [said("yes: an address")]
        return self.mayfly("--script", "main.py", **options)

    def test_calls_a_model_and_the_certificate_says_so(self):
        self.run_it()
        sent = self.provider.requests[0]
        self.assertEqual(sent.headers["x-api-key"], KEY)
        self.assertIn("ann@example.test", sent.body.decode())
        claim = self.claim()
        self.assertEqual(claim["result"]["value"], {"said": "yes: an address", "status": 200})
        self.assertEqual(claim["execution"]["llm_calls"], [{
            "count": 1, "model": "claude-test-1", "tokens_used": 18,
            "prompt_hash": "sha256:" + hashlib.sha256(sent.body).hexdigest()}])
        self.assertEqual(claim["determinism"], "external")
        self.assertEqual(claim["execution"]["network_calls"], [
            {"count": 1, "destination": "127.0.0.1:8787", "verdict": "allowed"}])
        self.assertEqual(claim["sandbox"]["llm"]["endpoint"], self.provider.url)
        run = self.statement()["run"]
        self.assertEqual(run["trace"]["coverage"]["llm"], "complete")
        self.assertIn("ANTHROPIC_API_KEY=(token of this run)", claim["sandbox"]["environment"])
        call, = self.calls_in_trace()
        self.assertEqual((call["status"], call["wire"], call["model_served"]),
                         (200, "anthropic", "claude-test-1"))
        checked = subprocess.run([BIN / "verify-cert", "cert.json"], cwd=self.here,
                                 capture_output=True, text=True, timeout=300)
        self.assertEqual(checked.returncode, 5, checked.stdout)

    def test_equal_inputs_are_one_sandbox(self):
        seen = set()
        for _ in range(2):
            self.run_it()
            seen.add((self.claim()["sandbox_hash"], self.claim()["input_hash"]))
        self.assertEqual(len(seen), 1)

    def test_the_key_and_what_was_said_are_nowhere(self):
        done = self.run_it()
        kept = [path for path in self.here.rglob("*") if path.is_file() and path.name not in (
            "key", "main.py", "data.csv")]
        self.assertGreater(len(kept), 2)
        for path in kept:
            text = path.read_bytes()
            for mark in (KEY.encode(), b"ann@example.test", b"mayfly-run-"):
                self.assertNotIn(mark, text, path.name)
        self.assertNotIn(KEY, done.stdout + done.stderr)

    def test_the_job_cannot_find_the_key(self):
        (self.here / "main.py").write_text("""
import os, pathlib
marks = [b'canary-4f1c' + b'0e7b9a2d']
places = [os.environb[name] for name in os.environb]
for path in pathlib.Path('/').rglob('*'):
    if str(path).startswith(('/usr', '/etc/ssl')): continue
    try:
        if path.is_file(): places.append(path.open('rb').read(1 << 20))
    except OSError: pass
print('{"found": %d}' % sum(mark in place for mark in marks for place in places))
""")
        self.mayfly("--script", "main.py")
        self.assertEqual(self.claim()["result"]["value"], {"found": 0})
        self.mayfly("--script", "main.py", "--env", "PLANTED=" + KEY)
        self.assertGreater(self.claim()["result"]["value"]["found"], 0, "the search cannot find it")

    def test_without_the_right_there_is_no_model(self):
        (self.here / "main.py").write_text("""
import os, socket
print([name for name in os.environ if 'API_KEY' in name],
      socket.socket().connect_ex(('127.0.0.1', 8787)) != 0)
""")
        done = subprocess.run(
            [BIN / "mayfly", "run", "--script", "main.py", "-o", "cert.json", "--no-store"],
            cwd=self.here, env=self.environment, capture_output=True, text=True, timeout=300)
        self.assertIn("[] True", done.stdout)
        self.assertEqual(self.claim()["execution"]["llm_calls"], [])
        self.assertNotIn("llm", self.claim()["sandbox"])


class AnAgent(Runs):
    def test_runs_its_tools_and_its_answer_is_the_result(self):
        sql = "select count(*) from data where email like '%@%'"
        self.agent(
            tool_use(("bash", {"command": "wc -l < $DATASET_PATH"}),
                     ("grep", {"pattern": "@", "path": "/data/dataset.csv", "count": True})),
            tool_use(("python", {"code": "print(40 + 2)"}),
                     ("sqlite", {"sql": sql, "csv": "/data/dataset.csv"}),
                     ("files", {"action": "write", "path": "/work/note", "content": "seen"}),
                     ("files", {"action": "read", "path": "/work/note"})),
            said('One address.\n{"pii_found": 1, "records_scanned": 2}'))
        claim = self.claim()
        self.assertEqual(claim["result"]["value"], {"pii_found": 1, "records_scanned": 2})
        self.assertEqual(claim["result"]["status"], "succeeded")
        self.assertEqual(claim["models"], ["claude-test-1"])
        self.assertEqual(claim["sandbox"]["prompt_hash"], "sha256:" + hashlib.sha256(
            b"is there personal data?").hexdigest())
        used = {}
        for use in claim["execution"]["tool_uses"]:
            used[use["tool"]] = used.get(use["tool"], 0) + use["count"]
        self.assertEqual((used["bash"], used["grep"], used["python"]), (1, 1, 3))
        self.assertEqual(sum(one["count"] for one in claim["execution"]["llm_calls"]), 3)
        first, second, third = (one.json() for one in self.provider.requests)
        self.assertEqual(first["messages"], [
            {"role": "user", "content": "is there personal data?"}])
        self.assertEqual([tool["name"] for tool in first["tools"]],
                         ["bash", "files", "grep", "python", "sqlite"])
        results = second["messages"][2]["content"]
        self.assertEqual([(one["tool_use_id"], one["content"].strip(), one["is_error"])
                          for one in results],
                         [("toolu_0", "3", False), ("toolu_1", "1", False)])
        results = third["messages"][4]["content"]
        self.assertEqual(["42", "count(*)\n1", "wrote 4 characters", "seen"],
                         [one["content"].strip() for one in results])
        self.assertEqual(second["messages"][1]["content"][0]["text"], "let me look")

    def test_a_tool_that_was_not_given_is_neither_offered_nor_executed(self):
        self.agent(
            tool_use(("bash", {"command": "id"}),
                     ("python", {"code": "import subprocess; print(subprocess.call('/usr/bin/id'))"}
                      )),
            said("{}"), options=("--tool", "python"), status=5)
        self.assertEqual([tool["name"] for tool in self.provider.requests[0].json()["tools"]],
                         ["python"])
        self.assertEqual(self.claim()["result"]["status"], "denied")

    def test_mistakes_go_back_to_the_model(self):
        self.agent(tool_use(("grep", {"patern": "x"}), ("teleport", {}), ("bash", "text"),
                            ("bash", {"command": "exit 7"})), said('{"ok": 1}'))
        results = self.provider.requests[1].json()["messages"][2]["content"]
        self.assertEqual([one["is_error"] for one in results], [True] * 4)
        self.assertIn("exit status 7", results[3]["content"])

    def test_tries_again_what_may_succeed(self):
        busy = reply({"type": "error", "error": {"type": "overloaded_error"}}, 529,
                     retry_after_ms="1")
        self.agent(busy, busy, said('{"ok": 1}'))
        self.assertEqual([one["status"] for one in self.calls_in_trace()], [529, 529, 200])
        self.assertEqual(self.claim()["result"]["value"], {"ok": 1})

    def stops(self, reason, *answers, options=()):
        self.agent(*answers, options=options, status=1)
        self.assertEqual(self.claim()["result"]["value"], {"agent_stopped": reason})
        self.assertEqual(self.claim()["result"]["status"], "failed")

    def test_stops_when_it_goes_in_circles(self):
        self.stops("loop", *[tool_use(("bash", {"command": "true"})) for _ in range(9)])
        self.assertEqual(len(self.provider.requests), 5)

    def test_stops_at_its_turns(self):
        self.stops("turns", *[tool_use(("bash", {"command": f"echo {n}"})) for n in range(30)])
        self.assertEqual(len(self.provider.requests), 24)

    def test_stops_when_the_budget_is_spent(self):
        self.stops("budget_exceeded.calls",
                   *[tool_use(("bash", {"command": f"echo {n}"})) for n in range(9)],
                   options=("--llm-budget", "calls=2"))
        self.assertEqual(len(self.provider.requests), 2)
        self.assertEqual(self.statement()["run"]["confinement"]["llm_limits_hit"], "calls")
        self.assertEqual(self.calls_in_trace()[-1]["refused"], "budget_exceeded.calls")
        self.assertEqual(self.claim()["sandbox"]["llm"]["calls"], 2)

    def test_stops_when_the_model_refuses(self):
        self.stops("refusal", said("", stop="refusal"))

    def test_speaks_the_other_language_too(self):
        call = {"id": "call_1", "type": "function",
                "function": {"name": "bash", "arguments": '{"command": "echo $((6*7))"}'}}
        asked = provider_side.chat("")
        asked["choices"][0]["message"]["tool_calls"] = [call]
        asked["choices"][0]["finish_reason"] = "tool_calls"
        self.provider.script = [reply(asked), reply(provider_side.chat('{"answer": 42}'))]
        self.mayfly("--llm-model", "gpt-test-1", "--llm-prompt", "what is it?")
        self.assertEqual(self.claim()["result"]["value"], {"answer": 42})
        told = self.provider.requests[1].json()["messages"][-1]
        self.assertEqual((told["role"], told["tool_call_id"], told["content"].strip()),
                         ("tool", "call_1", "42"))

    def test_another_model_cannot_be_asked_from_inside(self):
        code = ("import http.client, json, os; c = http.client.HTTPConnection('127.0.0.1', 8787); "
                "c.request('POST', '/v1/messages', json.dumps({'model': 'other', 'max_tokens': 5, "
                "'messages': []}), {'x-api-key': os.environ['ANTHROPIC_API_KEY']}); "
                "print(c.getresponse().status)")
        self.agent(tool_use(("python", {"code": code})), said("{}"))
        result = self.provider.requests[1].json()["messages"][2]["content"][0]
        self.assertEqual(result["content"].strip(), "403")


class Mistakes(Runs):
    def fails(self, *arguments, status=2):
        done = subprocess.run([BIN / "mayfly", "run", *arguments], cwd=self.here,
                              env=self.environment, capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertEqual(self.provider.requests, [])
        return done.stderr

    def test_are_said_before_anything_leaves(self):
        (self.here / "open").write_text(KEY)
        (self.here / "open").chmod(0o644)
        url = self.provider.url
        for arguments, word in (
                (("--llm-model", "m", "--", "true"), "--llm PROVIDER"),
                (("--llm", "anthropic", "--", "true"), "--llm-key-file"),
                (("--llm", "http://192.0.2.1", "--", "true"), "without TLS"),
                (("--llm", url, "--llm-key-file", "open", "--", "true"), "chmod 600"),
                (("--llm", url, "--llm-prompt", "p"), "model"),
                (("--llm", url, "--llm-model", "m", "--llm-prompt", "p", "--", "true"), "command"),
                (("--llm", url, "--llm-budget", "calls=0", "--", "true"), "calls"),
                (("--llm", url, "--llm-budget", "cost=1", "--", "true"), "price-in"),
                (("--llm", url, "--llm-budget", "speed=1", "--", "true"), "speed"),
                (("--llm", url, "--env", "OPENAI_API_KEY=x", "--", "true"), "set by Mayfly")):
            with self.subTest(arguments=arguments):
                message = self.fails(*arguments, "-o", "cert.json")
                self.assertIn(word, message)
                self.assertNotIn(KEY, message)

    def test_a_provider_that_is_not_there_is_the_jobs_to_see(self):
        self.provider.close()
        self.provider.script = []
        (self.here / "main.py").write_text(ASKS_ITSELF.replace("got['content'][0]['text']", "''"))
        self.mayfly("--script", "main.py")
        self.assertEqual(self.claim()["result"]["value"]["status"], 502)
        self.assertEqual(self.claim()["execution"]["llm_calls"][0]["tokens_used"], 0)


class OverHttp(Runs):
    def setUp(self):
        super().setUp()
        self.server = subprocess.Popen(
            [BIN / "mayfly", "serve", "--port", "0", "--llm-endpoint",
             f"anthropic={self.provider.url}"],
            env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(self.stop)
        self.port = int(re.search(r":(\d+)$", self.server.stdout.readline())[1])

    def stop(self):
        self.server.terminate()
        self.log = self.server.communicate(timeout=30)[1]

    def test_a_prompt_becomes_a_certificate_in_the_form_of_the_request(self):
        self.provider.script = [
            tool_use(("grep", {"pattern": "@", "path": "/data/dataset.csv", "count": True})),
            said('{"pii_found": 1, "records_scanned": 2, "confidence": 0.99}')]
        body = {"dataset": {"data": "base64:bmFtZSxlbWFpbApBbm4sYW5uQGV4YW1wbGUudGVzdAo=",
                            "format": "csv"},
                "sandbox": {"llm": {"prompt": "look for personal data", "model": "claude-test-1",
                                    "api_key": KEY},
                            "tools": ["python", "grep", "anthropic"]}}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        self.addCleanup(connection.close)
        connection.request("POST", "/execute", json.dumps(body),
                           {"content-type": "application/json"})
        answer = connection.getresponse()
        text = answer.read().decode()
        self.assertEqual(answer.status, 200, text)
        got = json.loads(text)
        trace = got["execution_trace"]
        self.assertEqual({one["model"] for one in trace["llm_calls"]}, {"claude-test-1"})
        self.assertEqual(len(trace["llm_calls"]), 2)
        self.assertIn("grep", {one["tool"] for one in trace["tool_uses"]})
        self.assertIn('"pii_found": 1', got["result"]["output"])
        self.assertNotIn(KEY, text)
        self.assertEqual(self.provider.requests[0].headers["authorization"], "Bearer " + KEY)
        self.stop()
        self.assertNotIn(KEY, self.log)
        for path in (self.here / "state").rglob("*"):
            if path.is_file():
                self.assertNotIn(KEY.encode(), path.read_bytes())


if __name__ == "__main__":
    unittest.main()
