"""mayfly-gateway itself, between a client on loopback and a scripted provider on loopback.

Goal: what leaves a run, what comes back, and what is written down of it. Method: the real program,
started as a run starts it; every test changes one thread of one conversation and looks at the
three sides: what the provider got, what the client got, what the record says.
"""
import hashlib
import hmac
import http.client
import json
import os
import socket
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path

import scripted_provider as provider_side
from gateway_process import API_KEY, TOKEN, Gateway, Refused
from scripted_provider import Answer, Provider, events, reply

ASK = {"model": "claude-test-1", "max_tokens": 100,
       "messages": [{"role": "user", "content": "what is in row 7?"}]}
CHAT = {"model": "gpt-test-1", "messages": [{"role": "user", "content": "hi"}]}
RESPOND = {"model": "gpt-test-1", "input": "hi"}


class Conversation(unittest.TestCase):
    """One provider, one gateway; `send` is one request of the job."""

    gateway_options: dict = {}

    def setUp(self):
        self.provider = Provider()
        self.addCleanup(self.provider.close)
        self.gateway = Gateway(self.provider.url, **self.gateway_options)
        self.addCleanup(self.gateway.kill)

    def send(self, body, path="/v1/messages", headers=None, method="POST"):
        connection = http.client.HTTPConnection("127.0.0.1", self.gateway.port, timeout=20)
        self.addCleanup(connection.close)
        payload = body if isinstance(body, bytes) else json.dumps(body).encode()
        connection.request(method, path, payload or None, headers or {
            "x-api-key": TOKEN, "anthropic-version": "2023-06-01",
            "content-type": "application/json"})
        answer = connection.getresponse()
        return answer, answer.read()

    def one_record(self):
        records = self.gateway.finish()
        self.assertEqual(len(records), 1, records)
        return records[0]

    def assert_refused(self, body, code, status, path="/v1/messages"):
        answer, text = self.send(body, path)
        self.assertEqual(answer.status, status, text)
        self.assertEqual(answer.headers["x-should-retry"], "false")
        self.assertEqual(self.provider.requests, [], "it left all the same")
        self.assertIn(code, text.decode())


class PassesThrough(Conversation):
    def test_a_message_and_its_record(self):
        self.provider.script = [reply(provider_side.message("the answer"), request_id="req_9")]
        answer, text = self.send(ASK)
        self.assertEqual(answer.status, 200)
        self.assertEqual(json.loads(text), provider_side.message("the answer"))
        self.assertEqual(answer.headers["request-id"], "req_9")
        got = self.provider.requests[0]
        self.assertEqual(got.path, "/v1/messages")
        self.assertEqual(got.json(), ASK)
        self.assertEqual(got.headers["accept-encoding"], "identity")
        self.assertEqual(got.headers["anthropic-version"], "2023-06-01")
        record = self.one_record()
        self.assertEqual(
            {name: record[name] for name in (
                "wire", "operation", "host", "tls_key", "api_version", "model_asked",
                "model_served", "stop_reason", "status", "error_type", "refused", "request_id",
                "streamed", "complete", "seq")},
            {"wire": "anthropic", "operation": "generate",
             "host": f"localhost:{self.provider.port}", "tls_key": None,
             "api_version": "2023-06-01", "model_asked": "claude-test-1",
             "model_served": "claude-test-1", "stop_reason": "end_turn", "status": 200,
             "error_type": "", "refused": "", "request_id": "req_9", "streamed": False,
             "complete": True, "seq": 1})
        self.assertEqual(record["usage"], {"input": 11, "output": 7, "cache_read": 0,
                                           "cache_write": 0, "reasoning": 0})
        self.assertEqual(record["prompt_hash"], "sha256:" + hashlib.sha256(got.body).hexdigest())
        keyed = hmac.new(b"\x11" * 32, hashlib.sha256(text).digest(), "sha256").hexdigest()
        self.assertEqual(record["reply_hash"], "sha256:" + keyed)
        self.assertLessEqual(record["started_us"], record["first_byte_us"])
        self.assertLessEqual(record["first_byte_us"], record["ended_us"])

    def test_the_record_holds_nothing_that_was_said(self):
        self.provider.script = [reply(provider_side.message("SECRET-REPLY"))]
        self.send({**ASK, "system": "SECRET-PROMPT", "metadata": {"user_id": "SECRET-USER"}},
                  path="/v1/messages?q=SECRET-QUERY")
        text = json.dumps(self.gateway.finish())
        self.assertNotIn("SECRET", text)
        self.assertNotIn(API_KEY, text)
        self.assertNotIn(TOKEN, text)

    def test_the_key_replaces_the_token_in_the_header_that_showed_it(self):
        for headers, name, value in (
                ({"x-api-key": TOKEN}, "x-api-key", API_KEY),
                ({"authorization": "Bearer " + TOKEN}, "authorization", "Bearer " + API_KEY)):
            with self.subTest(name):
                self.provider.script = [reply(provider_side.message())]
                answer, _ = self.send(ASK, headers=headers)
                self.assertEqual(answer.status, 200)
                got = self.provider.requests[-1].headers
                self.assertEqual(got[name], value)
                self.assertNotIn(TOKEN, str(got))
                self.assertEqual(len({"x-api-key", "authorization"} & set(got)), 1)

    def test_headers_of_the_job_stay_here(self):
        self.provider.script = [reply(provider_side.message())]
        self.send(ASK, headers={"x-api-key": TOKEN, "cookie": "a=b", "x-forwarded-for": "1.2.3.4",
                                "user-agent": "job", "anthropic-beta": "some-beta"})
        got = self.provider.requests[0].headers
        self.assertEqual(sorted(got), ["accept-encoding", "anthropic-beta", "content-length",
                                       "content-type", "host", "user-agent", "x-api-key"])
        self.assertNotIn("job", got["user-agent"])

    def test_what_is_sent_on_is_what_was_sent_byte_for_byte(self):
        self.provider.script = [reply(provider_side.message())]
        body = (b'{ "model":"claude-test-1","max_tokens":5, "big":123456789012345678901234567890,'
                b'"exact":1.50,"messages":[{"role":"user","content":"\\u00e9\xc3\xa9"}]\n}')
        self.send(body)
        self.assertEqual(self.provider.requests[0].body, body)

    def test_every_wire(self):
        self.provider.script = [
            reply({"input_tokens": 5}), reply(provider_side.chat()),
            reply(provider_side.response()), reply({"data": []})]
        for path, body, method in (("/v1/messages/count_tokens", ASK, "POST"),
                                   ("/v1/chat/completions", CHAT, "POST"),
                                   ("/v1/responses", RESPOND, "POST"), ("/v1/models", b"", "GET")):
            answer, text = self.send(body, path, method=method)
            self.assertEqual(answer.status, 200, text)
        records = self.gateway.finish()
        self.assertEqual([(one["wire"], one["operation"]) for one in records],
                         [("anthropic", "count-tokens"), ("openai-chat", "generate"),
                          ("openai-responses", "generate"), ("anthropic", "list-models")])
        self.assertEqual([one["usage"] and one["usage"]["input"] for one in records],
                         [None, 13, 17, None])
        self.assertEqual(records[2]["usage"]["reasoning"], 1)
        self.assertEqual(records[2]["usage"]["cache_read"], 4)

    def test_cached_input_is_input(self):
        usage = {"input_tokens": 3, "output_tokens": 2, "cache_read_input_tokens": 50,
                 "cache_creation_input_tokens": 20, "output_tokens_details": None}
        self.provider.script = [reply(provider_side.message(usage=usage))]
        self.send(ASK)
        self.assertEqual(self.one_record()["usage"]["input"], 73)

    def test_connections_are_used_again(self):
        self.provider.script = [reply(provider_side.message()) for _ in range(5)]
        connection = http.client.HTTPConnection("127.0.0.1", self.gateway.port, timeout=20)
        self.addCleanup(connection.close)
        for _ in range(5):
            connection.request("POST", "/v1/messages", json.dumps(ASK), {"x-api-key": TOKEN})
            answer = connection.getresponse()
            answer.read()
            self.assertEqual(answer.status, 200)
        self.assertEqual(self.provider.connections, 1)
        self.assertEqual(len(self.gateway.finish()), 5)


class Streams(Conversation):
    def test_events_come_as_they_are_made(self):
        """The second event is made only when the client has had the first one."""
        had_first = threading.Event()
        pieces = provider_side.message_events()
        self.provider.script = [events(pieces[0], lambda: had_first.wait(10), *pieces[1:])]
        connection = http.client.HTTPConnection("127.0.0.1", self.gateway.port, timeout=20)
        self.addCleanup(connection.close)
        connection.request("POST", "/v1/messages", json.dumps({**ASK, "stream": True}),
                           {"x-api-key": TOKEN})
        answer = connection.getresponse()
        first = answer.read1(65536)
        self.assertIn(b"message_start", first)
        had_first.set()
        text = first + answer.read()
        self.assertEqual(text, b"".join(pieces))
        record = self.one_record()
        self.assertTrue(record["streamed"] and record["complete"])
        self.assertEqual((record["usage"]["input"], record["usage"]["output"]), (11, 9))

    def test_chat_usage_is_asked_for_and_hidden_from_who_did_not_ask(self):
        for asked in (False, True):
            with self.subTest(asked=asked):
                self.provider.script = [events(*provider_side.chat_events())]
                body = {**CHAT, "stream": True, "stream_options": {"other": 1}}
                if asked:
                    body["stream_options"] = {"include_usage": True}
                _, text = self.send(body, "/v1/chat/completions")
                sent = self.provider.requests[-1].json()
                self.assertTrue(sent["stream_options"]["include_usage"])
                self.assertEqual(b'"usage"' in text, asked)
                self.assertTrue(text.endswith(b"data: [DONE]\n\n"))
        self.assertEqual([one["usage"]["input"] for one in self.gateway.finish()], [13, 13])

    def test_responses_stream(self):
        self.provider.script = [events(*provider_side.response_events())]
        _, text = self.send({**RESPOND, "stream": True}, "/v1/responses")
        self.assertEqual(text, b"".join(provider_side.response_events()))
        record = self.one_record()
        self.assertTrue(record["complete"])
        self.assertEqual(record["stop_reason"], "completed")
        self.assertEqual(record["usage"]["output"], 3)

    def test_crlf_comments_and_unknown_events_pass(self):
        pieces = [b": keep-alive\r\n\r\n",
                  provider_side.event({"type": "brand_new"}, "brand_new", "\r\n"),
                  *provider_side.message_events()]
        self.provider.script = [events(*pieces)]
        _, text = self.send({**ASK, "stream": True})
        self.assertEqual(text, b"".join(pieces))
        self.assertTrue(self.one_record()["complete"])

    def test_a_cut_stream_is_cut_for_the_job_too(self):
        pieces = provider_side.message_events()
        for name, script in (("connection", [*pieces[:4], "cut"]), ("message", pieces[:4])):
            with self.subTest(name):
                self.provider.script = [events(*script)]
                with self.assertRaises(http.client.IncompleteRead):
                    self.send({**ASK, "stream": True})
        for record in self.gateway.finish():
            self.assertFalse(record["complete"])
            self.assertEqual(record["error_type"], "cut")
            self.assertEqual(record["usage"]["input"], 11)

    def test_an_error_in_the_middle_of_a_stream(self):
        error = {"type": "error", "error": {"type": "overloaded_error",
                                            "message": f"busy {API_KEY}"}}
        pieces = provider_side.message_events()[:3]
        self.provider.script = [events(*pieces, provider_side.event(error, "error"))]
        with self.assertRaises(http.client.IncompleteRead) as caught:
            self.send({**ASK, "stream": True})
        self.assertIn(b"overloaded_error", caught.exception.partial)
        self.assertNotIn(API_KEY.encode(), caught.exception.partial)
        self.assertEqual(self.one_record()["error_type"], "overloaded_error")

    def test_an_answer_is_never_taken_for_an_error(self):
        text = 'the "error" of sk-etches, ' + API_KEY[3:12]
        self.provider.script = [events(*provider_side.response_events(text)),
                                reply(provider_side.message(text))]
        _, streamed = self.send({**RESPOND, "stream": True}, "/v1/responses")
        self.assertEqual(streamed, b"".join(provider_side.response_events(text)))
        _, whole = self.send(ASK)
        self.assertEqual(json.loads(whole)["content"][0]["text"], text)

    def test_a_job_that_goes_away(self):
        gone = threading.Event()
        pieces = provider_side.message_events()
        self.provider.script = [events(pieces[0], lambda: gone.wait(10), *pieces[1:] * 200)]
        raw = socket.create_connection(("127.0.0.1", self.gateway.port))
        body = json.dumps({**ASK, "stream": True}).encode()
        raw.sendall(b"POST /v1/messages HTTP/1.1\r\nx-api-key: " + TOKEN.encode() +
                    b"\r\ncontent-length: %d\r\n\r\n" % len(body) + body)
        self.assertIn(b"200", raw.recv(100))
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        raw.close()
        gone.set()
        self.provider.script = [reply(provider_side.message())]
        self.assertEqual(self.send(ASK)[0].status, 200)
        self.assertEqual(sorted(one["complete"] for one in self.gateway.finish()), [False, True])


class Refuses(Conversation):
    def test_without_the_token(self):
        for headers in ({}, {"x-api-key": "wrong"}, {"authorization": "Bearer " + API_KEY},
                        {"authorization": "Basic " + TOKEN}, {"x-api-key": TOKEN[:-1]}):
            with self.subTest(headers=headers):
                answer, text = self.send(ASK, headers={"accept": "*/*", **headers})
                self.assertEqual(answer.status, 401, text)
                self.assertEqual(answer.headers["x-should-retry"], "false")
        self.assertEqual(self.provider.requests, [])
        self.assertEqual({one["refused"] for one in self.gateway.finish()}, {"no_run_token"})

    def test_other_paths_and_methods(self):
        for method, path in (("GET", "/v1/messages"), ("POST", "/v1/files"), ("POST", "/"),
                             ("POST", "/v1/messages/batches"), ("DELETE", "/v1/models"),
                             ("POST", "/v1/messages/"), ("POST", "//v1/messages"),
                             ("POST", "/v1/../v1/messages")):
            with self.subTest(path=path, method=method):
                self.assertEqual(self.send(ASK, path, method=method)[0].status, 404)
        self.assertEqual(self.provider.requests, [])

    def test_hosted_tools_and_stored_data(self):
        user = {"role": "user"}
        image = {"type": "image", "source": {"type": "url", "url": "https://x.test/a"}}
        cases = [
            ("/v1/messages", {**ASK, "tools": [{"type": kind, "name": "x"}]}, "hosted_tool")
            for kind in ("web_search_20250305", "web_fetch_20250910", "code_execution_20250825",
                         "mcp_toolset", "brand_new_20300101")]
        cases += [
            ("/v1/messages", {**ASK, "mcp_servers": [{"url": "https://x.test"}]}, "hosted_tool"),
            ("/v1/messages", {**ASK, "container": "c1"}, "hosted_tool"),
            ("/v1/messages", {**ASK, "messages": [{**user, "content": [image]}]}, "hosted_tool"),
            ("/v1/messages", {**ASK, "messages": [{**user, "content": [{
                "type": "tool_result", "tool_use_id": "t", "content": [image]}]}]}, "hosted_tool"),
            ("/v1/messages", {**ASK, "messages": [{**user, "content": [{
                "type": "document", "source": {"type": "file", "file_id": "f"}}]}]}, "retention"),
            ("/v1/chat/completions", {**CHAT, "web_search_options": {}}, "hosted_tool"),
            ("/v1/chat/completions", {**CHAT, "messages": [{**user, "content": [{
                "type": "image_url", "image_url": {"url": "https://x.test/?d=7"}}]}]},
             "hosted_tool"),
            ("/v1/chat/completions", {**CHAT, "messages": [{**user, "content": [{
                "type": "file", "file": {"file_id": "f"}}]}]}, "retention"),
            ("/v1/responses", {**RESPOND, "background": True}, "retention"),
            ("/v1/responses", {**RESPOND, "previous_response_id": "r"}, "retention"),
            ("/v1/responses", {**RESPOND, "conversation": "c"}, "retention"),
            ("/v1/responses", {**RESPOND, "prompt": {"id": "p"}}, "retention"),
            ("/v1/responses", {**RESPOND, "input": [{**user, "content": [{
                "type": "input_image", "image_url": "https://x.test/?d=7"}]}]}, "hosted_tool"),
            ("/v1/responses", {**RESPOND, "input": [{"type": "item_reference", "id": "i"}]},
             "hosted_tool")]
        cases += [("/v1/responses", {**RESPOND, "tools": [{"type": kind}]}, "hosted_tool")
                  for kind in ("web_search", "code_interpreter", "mcp", "file_search",
                               "image_generation", "local_shell_2")]
        for path, body, code in cases:
            with self.subTest(path=path, body=str(body)[-80:]):
                self.assert_refused(body, code, 403, path)
        self.assertEqual({one["refused"] for one in self.gateway.finish()},
                         {"hosted_tool", "retention"})

    def test_what_only_looks_like_it_is_let_out(self):
        tools = [{"name": "web_search_mine", "input_schema": {"type": "object", "properties": {
            "source": {"type": "url"}}}}, {"type": "bash_20250124", "name": "bash"}]
        call = {"type": "tool_use", "id": "t", "name": "n", "input": {
            "source": {"type": "url"}, "image_url": "https://x.test"}}
        self.provider.script = [reply(provider_side.message()), reply(provider_side.chat())]
        answer, text = self.send({**ASK, "tools": tools, "messages": [
            *ASK["messages"], {"role": "assistant", "content": [call]}]})
        self.assertEqual(answer.status, 200, text)
        image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
        answer, text = self.send({**CHAT, "messages": [{"role": "user", "content": [image]}]},
                                 "/v1/chat/completions")
        self.assertEqual(answer.status, 200, text)

    def test_nothing_is_kept_at_the_provider(self):
        self.provider.script = [reply(provider_side.response()), reply(provider_side.response()),
                                reply(provider_side.chat()), reply(provider_side.chat())]
        for path, body in (("/v1/responses", RESPOND),
                           ("/v1/responses", {**RESPOND, "store": True}),
                           ("/v1/chat/completions", {**CHAT, "store": True}),
                           ("/v1/chat/completions", CHAT)):
            self.assertEqual(self.send(body, path)[0].status, 200)
        self.assertEqual([one.json().get("store") for one in self.provider.requests],
                         [False, False, False, None])

    def test_bodies_that_two_readers_could_read_differently(self):
        for body in (b'{"model":"a","model":"b","max_tokens":1}',
                     b'{"model":"a","\\u006dodel":"b"}', b'{"model":"a"} x', b'[1]', b"", b"{",
                     b'{"model":"\xff"}',
                     b'{"model":"a","messages":' + b"[" * 70 + b"]" * 70 + b"}",
                     b'{"model":7}', b'{"model":"a\\u0000b"}', b'{"model":"a","max_tokens":1.5}',
                     b'{"model":"a","max_tokens":-1}', b'{"model":"a","stream":"yes"}'):
            with self.subTest(body=body[:40]):
                self.assert_refused(body, "invalid_request", 400)

    def test_requests_that_are_no_requests(self):
        auth = b"x-api-key: " + TOKEN.encode() + b"\r\n"
        for text in (b"GARBAGE\r\n\r\n", b"POST /v1/messages HTTP/1.0\r\n\r\n",
                     b"POST /v1/messages HTTP/1.1\r\ncontent-length: 2\r\n"
                     b"transfer-encoding: chunked\r\n" + auth + b"\r\n0\r\n\r\n",
                     b"POST /v1/messages HTTP/1.1\r\ncontent-length: 2\r\ncontent-length: 2\r\n"
                     + auth + b"\r\n{}",
                     b"POST /v1/messages HTTP/1.1\r\n" + b"a: b\r\n" * 200 + b"\r\n",
                     b"POST /v1/messages HTTP/1.1\r\na b: c\r\n\r\n",
                     b"POST /v1/messages HTTP/1.1\r\ncontent-length: 99999999999\r\n" + auth
                     + b"\r\n",
                     b"POST /v1/messages HTTP/1.1\r\ntransfer-encoding: chunked\r\n" + auth
                     + b"\r\n-2\r\n"):
            with self.subTest(text=text[:60]):
                raw = socket.create_connection(("127.0.0.1", self.gateway.port), timeout=20)
                raw.sendall(text)
                status = raw.recv(65536).split(b" ")[1]
                self.assertIn(status, (b"400", b"413"))
                raw.close()
        self.assertEqual(self.provider.requests, [])


class OneModel(Conversation):
    gateway_options = {"models": ["claude-test-1"]}

    def test_another_model_is_refused(self):
        self.provider.script = [reply(provider_side.message())]
        self.assertEqual(self.send(ASK)[0].status, 200)
        self.provider.requests.clear()
        self.assert_refused({**ASK, "model": "claude-other"}, "model_not_allowed", 403)


class OneWire(Conversation):
    gateway_options = {"wires": ["anthropic"]}

    def test_another_language_is_refused(self):
        self.assert_refused(CHAT, "no_endpoint", 404, "/v1/chat/completions")


class Budgeted(Conversation):
    gateway_options = {"budget": {"calls": 3, "output_tokens": 50, "output_tokens_per_call": 30}}

    def test_calls(self):
        self.provider.script = [reply(provider_side.message()) for _ in range(3)]
        for _ in range(3):
            self.assertEqual(self.send(ASK)[0].status, 200)
        self.provider.requests.clear()
        self.assert_refused(ASK, "budget_exceeded.calls", 429)
        self.assertEqual(self.gateway.finish()[-1]["refused"], "budget_exceeded.calls")
        self.assertEqual(self.gateway.limits_hit, ["calls"])

    def test_what_is_written_is_clamped_and_counted(self):
        usage = {"input_tokens": 1, "output_tokens": 30}
        self.provider.script = [reply(provider_side.message(usage=usage)) for _ in range(2)]
        self.send(ASK)
        self.send({**ASK, "max_tokens": 10_000})
        self.assertEqual([one.json()["max_tokens"] for one in self.provider.requests], [30, 20])
        self.provider.requests.clear()
        self.assert_refused(ASK, "budget_exceeded.output_tokens", 429)

    def test_every_name_of_the_bound(self):
        self.provider.script = [reply(provider_side.chat()), reply(provider_side.chat()),
                                reply(provider_side.response())]
        self.send(CHAT, "/v1/chat/completions")
        self.send({**CHAT, "max_tokens": 100}, "/v1/chat/completions")
        self.send(RESPOND, "/v1/responses")
        bounds = [{name: value for name, value in one.json().items() if "max_" in name}
                  for one in self.provider.requests]
        self.assertEqual(bounds, [{"max_completion_tokens": 30}, {"max_tokens": 30},
                                  {"max_output_tokens": 30}])

    def test_what_does_not_say_its_usage_is_charged_in_full(self):
        value = provider_side.message()
        del value["usage"]
        self.provider.script = [reply(value), reply(value)]
        self.send(ASK)
        self.send(ASK)
        self.assertEqual([one.json()["max_tokens"] for one in self.provider.requests], [30, 20])
        self.provider.requests.clear()
        self.assert_refused(ASK, "budget_exceeded.output_tokens", 429)
        self.assertIsNone(self.gateway.finish()[0]["usage"])

    def test_what_the_provider_refused_costs_no_tokens(self):
        self.provider.script = [reply({"error": {"type": "rate_limit_error"}}, 429),
                                reply(provider_side.message())]
        self.send(ASK)
        self.send(ASK)
        self.assertEqual([one.json()["max_tokens"] for one in self.provider.requests], [30, 30])

    def test_two_calls_at_once_cannot_spend_the_same(self):
        go = threading.Event()
        pieces = provider_side.message_events()
        self.provider.script = [events(pieces[0], lambda: go.wait(10), *pieces[1:])] * 2
        threads = [threading.Thread(target=self.send, args=({**ASK, "stream": True},))
                   for _ in range(2)]
        for thread in threads:
            thread.start()
        for _ in range(500):
            if len(self.provider.requests) == 2:
                break
            time.sleep(0.01)
        go.set()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(one.json()["max_tokens"] for one in self.provider.requests),
                         [20, 30])


class Costs(Conversation):
    # 1 USD; 10 USD for a million tokens in, 1000 for a million out: 1000 tokens out at most.
    gateway_options = {"budget": {"cost": {"cost_microusd": 1_000_000,
                                           "input_microusd_per_million_tokens": 10_000_000,
                                           "output_microusd_per_million_tokens": 1_000_000_000}}}

    def test_money(self):
        usage = {"input_tokens": 50_000, "output_tokens": 490}  # 0.5 and 0.49 USD
        self.provider.script = [reply(provider_side.message(usage=usage)),
                                reply(provider_side.message())]
        self.send({**ASK, "max_tokens": 5000})
        self.send({**ASK, "max_tokens": 5000})
        asked = [one.json()["max_tokens"] for one in self.provider.requests]
        self.assertLess(asked[0], 1000)
        self.assertGreater(asked[0], 990)
        self.assertLess(asked[1], 10)
        self.gateway.finish()

    def test_no_money_left(self):
        usage = {"input_tokens": 100_000, "output_tokens": 1}
        self.provider.script = [reply(provider_side.message(usage=usage))]
        self.send(ASK)
        self.provider.requests.clear()
        self.assert_refused(ASK, "budget_exceeded.cost", 429)


class ProviderFails(Conversation):
    gateway_options = {"idle_ms_max": 300}

    def test_errors_come_back_as_they_are(self):
        cases = ((429, {"type": "error", "error": {"type": "rate_limit_error", "message": "slow"}},
                  {"retry_after": "3", "anthropic_ratelimit_tokens_remaining": "0"}),
                 (529, {"type": "error", "error": {"type": "overloaded_error", "message": "busy"}},
                  {}),
                 (400, {"type": "error", "error": {"type": "invalid_request_error",
                                                   "message": "temperature"}}, {}))
        for status, body, headers in cases:
            with self.subTest(status=status):
                self.provider.script = [reply(body, status, **headers)]
                answer, text = self.send(ASK)
                self.assertEqual((answer.status, json.loads(text)), (status, body))
                for name, value in headers.items():
                    self.assertEqual(answer.headers[name.replace("_", "-")], value)
        records = self.gateway.finish()
        self.assertEqual([one["error_type"] for one in records],
                         ["rate_limit_error", "overloaded_error", "invalid_request_error"])

    def test_parts_of_the_key_are_taken_out_of_errors(self):
        said = f"bad key {API_KEY[:9]}****{API_KEY[-4:]}, or {API_KEY}, or sk-other-key."
        self.provider.script = [reply({"error": {"message": said, "type": "authentication_error"}},
                                      401, x_request_id=API_KEY)]
        answer, text = self.send(ASK)
        self.assertEqual(answer.status, 401)
        for length in range(6, 12):
            for start in range(len(API_KEY) - length):
                self.assertNotIn(API_KEY[start:start + length], text.decode())
        self.assertEqual(json.loads(text)["error"]["message"], "bad key [key], or [key], or [key]")
        self.assertNotIn(API_KEY, str(answer.headers))

    def test_a_refusal_is_a_reply(self):
        self.provider.script = [reply(provider_side.message(stop="refusal"))]
        self.assertEqual(self.send(ASK)[0].status, 200)
        self.assertEqual(self.one_record()["stop_reason"], "refusal")

    def test_too_slow(self):
        self.provider.script = [Answer(stream=[2], headers={"content-type": "application/json"})]
        answer, text = self.send(ASK)
        self.assertEqual(answer.status, 502, text)
        self.assertEqual(json.loads(text)["error"]["type"], "api_error")
        self.assertIsNone(answer.headers["x-should-retry"])
        self.assertEqual(self.one_record()["refused"], "provider_failed")

    def test_not_there(self):
        self.provider.close()
        answer, text = self.send(ASK)
        self.assertEqual(answer.status, 502, text)

    def test_a_redirect_is_not_followed(self):
        elsewhere = Provider()
        self.addCleanup(elsewhere.close)
        self.provider.script = [Answer(307, b"{}", {"location": elsewhere.url + "/v1/messages"})]
        answer, _ = self.send(ASK)
        self.assertEqual(answer.status, 307)
        self.assertIsNone(answer.headers["location"])
        self.assertEqual(elsewhere.requests, [])

    def test_the_end_of_the_run_ends_a_call(self):
        self.provider.script = [events(provider_side.message_events()[0], 60)]
        thread = threading.Thread(target=lambda: self.assertRaises(
            (http.client.IncompleteRead, ConnectionError), self.send, {**ASK, "stream": True}))
        thread.start()
        while not self.provider.requests:
            time.sleep(0.01)
        record = self.one_record()
        self.assertFalse(record["complete"])
        thread.join()


class Tls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.key = Path(cls.folder.name) / "key.pem"
        cls.certificate = Path(cls.folder.name) / "cert.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-keyout", cls.key, "-out",
                        cls.certificate, "-days", "2", "-subj", "/CN=localhost", "-addext",
                        "subjectAltName=DNS:localhost"], check=True, capture_output=True)

    def setUp(self):
        self.provider = Provider((self.certificate, self.key))
        self.addCleanup(self.provider.close)

    def call(self, url, ca_file):
        gateway = Gateway(url, ca_file=ca_file)
        self.addCleanup(gateway.kill)
        connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=20)
        self.addCleanup(connection.close)
        connection.request("POST", "/v1/messages", json.dumps(ASK), {"x-api-key": TOKEN})
        answer = connection.getresponse()
        answer.read()
        return answer.status, gateway.finish()[0]

    def test_the_peer_is_named_by_its_key(self):
        self.provider.script = [reply(provider_side.message())]
        status, record = self.call(self.provider.url, self.certificate)
        self.assertEqual(status, 200)
        public = subprocess.run(["openssl", "pkey", "-in", self.key, "-pubout", "-outform", "DER"],
                                check=True, capture_output=True).stdout
        self.assertEqual(record["tls_key"], "sha256:" + hashlib.sha256(public).hexdigest())

    def test_a_peer_that_is_not_trusted_gets_nothing(self):
        for name, url, ca_file in (
                ("authority", self.provider.url, ""),
                ("name", self.provider.url.replace("localhost", "127.0.0.1"), self.certificate)):
            with self.subTest(name):
                status, record = self.call(url, ca_file)
                self.assertEqual(status, 502)
                self.assertEqual(record["refused"], "provider_failed")
        self.assertEqual(self.provider.requests, [])


class Starts(unittest.TestCase):
    def test_only_tls_or_this_machine(self):
        for url in ("http://example.test", "ftp://localhost", "https://", "https://a b",
                    "http://127.0.0.1.evil.test", "http://[::2]:1", "https://h:0", "https://h/?q=1",
                    "https://user@host"):
            with self.subTest(url=url), self.assertRaises(Refused):
                Gateway(url)

    def test_its_memory_is_closed_to_others(self):
        gateway = Gateway("http://127.0.0.1:1")
        self.addCleanup(gateway.kill)
        status = Path(f"/proc/{gateway.process.pid}/status").read_text()
        locked = int(status.split("VmLck:")[1].split()[0])
        self.assertGreater(locked, 0, "the key is not in locked memory")
        owner = os.stat(f"/proc/{gateway.process.pid}/mem").st_uid
        self.assertEqual(owner, 0, "a process that may not be dumped belongs to root")
        for place in ("cmdline", "environ"):
            text = Path(f"/proc/{gateway.process.pid}/{place}").read_bytes()
            self.assertNotIn(API_KEY.encode(), text)
        gateway.finish()


if __name__ == "__main__":
    unittest.main()
