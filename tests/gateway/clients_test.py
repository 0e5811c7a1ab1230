"""The providers' own libraries, and curl, through the gateway to a scripted provider.

Goal: a program written for a provider runs unchanged inside a job. Method: the libraries as they
are published, given nothing but the environment variables that a job has.
"""
import json
import os
import shutil
import subprocess
import unittest
from pathlib import Path

import scripted_provider as provider_side
from gateway_process import TOKEN, Gateway
from scripted_provider import Provider, events, reply

HERE = Path(__file__).resolve().parent
CLIENTS = Path(os.environ.get("MAYFLY_CLIENTS", HERE.parents[1] / "build" / "clients"))
OVERLOADED = {"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}
OPENAI_BUSY = {"error": {"type": "requests", "code": "rate_limit_exceeded", "message": "slow"}}


class Clients(unittest.TestCase):
    gateway_options: dict = {}

    def setUp(self):
        self.provider = Provider()
        self.addCleanup(self.provider.close)
        self.gateway = Gateway(self.provider.url, **self.gateway_options)
        self.addCleanup(self.gateway.kill)
        self.environment = {
            "PATH": os.environ["PATH"], "ANTHROPIC_BASE_URL": self.gateway.url,
            "ANTHROPIC_API_KEY": TOKEN, "OPENAI_BASE_URL": self.gateway.url + "/v1",
            "OPENAI_API_KEY": TOKEN}

    def call(self, scenario, **more):
        # Libraries are found beside the program, so it is laid beside them.
        program = shutil.copy(HERE / "clients" / "calls.mjs", CLIENTS)
        done = subprocess.run(["node", program, scenario], env={**self.environment, **more},
                              capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)


@unittest.skipUnless((CLIENTS / "node_modules").is_dir() and shutil.which("node"),
                     f"needs node and the libraries of tests/gateway/clients/package.json in "
                     f"{CLIENTS}: ./dev clients")
class Libraries(Clients):
    def test_anthropic_of_both_generations(self):
        for old, version in (("", "2026-10-21"), ("1", "2023-06-01")):
            with self.subTest(version=version):
                self.provider.script = [
                    reply(provider_side.message("the answer")),
                    events(*provider_side.message_events()), reply({"input_tokens": 5})]
                self.assertEqual(self.call("message", OLD_SDK=old),
                                 {"text": "the answer", "stop": "end_turn"})
                self.assertEqual(self.call("stream", OLD_SDK=old),
                                 {"text": "hello world", "pieces": 2, "output": 9})
                self.assertEqual(self.call("count_tokens", OLD_SDK=old), {"tokens": 5})
                self.assertEqual(self.provider.requests[-1].headers["anthropic-version"], version)
        records = self.gateway.finish()
        self.assertEqual({one["refused"] for one in records}, {""})
        self.assertEqual([one["api_version"] for one in records],
                         ["2026-10-21"] * 3 + ["2023-06-01"] * 3)

    def test_openai(self):
        self.provider.script = [
            reply(provider_side.chat("the answer")), events(*provider_side.chat_events()),
            reply(provider_side.response("the answer")), events(*provider_side.response_events())]
        self.assertEqual(self.call("chat"), {"text": "the answer"})
        self.assertEqual(self.call("chat_stream"), {"text": "hello world", "usage": False})
        self.assertEqual(self.call("responses"), {"text": "the answer"})
        self.assertEqual(self.call("responses_stream")["types"][-1], "response.completed")
        self.assertEqual([one["usage"]["output"] for one in self.gateway.finish()], [5, 5, 3, 3])

    def test_they_try_again_what_may_succeed(self):
        for scenario, error, good in (
                ("message", reply(OVERLOADED, 529, retry_after_ms="1"),
                 provider_side.message("ok")),
                ("chat", reply(OPENAI_BUSY, 429, retry_after_ms="1"), provider_side.chat("ok"))):
            with self.subTest(scenario):
                self.provider.script = [error, reply(good)]
                self.assertEqual(self.call(scenario)["text"], "ok")
        self.assertEqual([one["status"] for one in self.gateway.finish()], [529, 200, 429, 200])

    def test_they_see_a_cut_stream(self):
        pieces = provider_side.message_events()
        self.provider.script = [events(*pieces[:4], "cut")]
        self.assertIn("name", self.call("stream"))
        self.assertEqual(self.gateway.finish()[0]["error_type"], "cut")

    def test_they_see_a_refusal(self):
        self.provider.script = [reply(provider_side.message("", stop="refusal"))]
        self.assertEqual(self.call("message")["stop"], "refusal")


@unittest.skipUnless((CLIENTS / "node_modules").is_dir() and shutil.which("node"),
                     f"needs node and the libraries of tests/gateway/clients/package.json in "
                     f"{CLIENTS}: ./dev clients")
class LibrariesOverBudget(Clients):
    gateway_options = {"budget": {"calls": 1}}

    def test_they_do_not_try_again(self):
        self.provider.script = [reply(provider_side.message())]
        self.call("message")
        for scenario in ("message", "chat", "responses"):
            got = self.call(scenario)
            self.assertEqual(got["name"], "RateLimitError")
            self.assertEqual(got["status"], 429)
            self.assertIn("limit of calls", got["message"])
        self.assertEqual(len(self.gateway.finish()), 4, "a library hammered")


@unittest.skipUnless(shutil.which("curl"), "needs curl")
class Curl(Clients):
    def curl(self, *arguments):
        return subprocess.run(["curl", "-sS", "--max-time", "20", *arguments],
                              env=self.environment, capture_output=True, text=True, timeout=300)

    def test_a_message(self):
        self.provider.script = [reply(provider_side.message("the answer"))]
        done = self.curl(self.gateway.url + "/v1/messages", "-H", f"x-api-key: {TOKEN}", "-d",
                         '{"model":"claude-test-1","max_tokens":9,"messages":[]}')
        self.assertIn("the answer", done.stdout)

    def test_a_long_body_that_waits_for_leave(self):
        self.provider.script = [reply(provider_side.message("the answer"))]
        text = "x" * (2 * 1024 * 1024)
        body = json.dumps({"model": "claude-test-1", "max_tokens": 9, "messages": [
            {"role": "user", "content": text}]})
        done = subprocess.run(
            ["curl", "-sS", "--max-time", "20", self.gateway.url + "/v1/messages", "-H",
             f"x-api-key: {TOKEN}", "-H", "Expect: 100-continue", "--data-binary", "@-"],
            input=body, capture_output=True, text=True, timeout=300)
        self.assertIn("the answer", done.stdout)
        self.assertEqual(self.provider.requests[0].json()["messages"][0]["content"], text)

    def test_too_much_is_answered_and_not_cut(self):
        done = subprocess.run(
            ["curl", "-sS", "--max-time", "20", self.gateway.url + "/v1/messages", "-H",
             f"x-api-key: {TOKEN}", "-H", "Expect:", "--data-binary", "@-", "-w", "%{http_code}"],
            input="x" * (17 * 1024 * 1024), capture_output=True, text=True, timeout=300)
        self.assertTrue(done.stdout.endswith("413"), done)


if __name__ == "__main__":
    unittest.main()
