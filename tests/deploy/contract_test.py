"""What the service answers is what its own OpenAPI document says."""
import json
import re

from service import ROOT, Service

try:
    import jsonschema
except ImportError:
    jsonschema = None

DOCUMENT = json.loads((ROOT / "api" / "openapi.json").read_text())


def resolved(part):
    while "$ref" in part:
        target = DOCUMENT
        for name in part["$ref"].removeprefix("#/").split("/"):
            target = target[name]
        part = target
    return part


class Contract(Service):
    def setUp(self):
        if jsonschema is None:
            self.skipTest("jsonschema is missing: Debian's python3-jsonschema has it")
        super().setUp()

    def valid(self, schema, value):
        whole = {**schema, "components": DOCUMENT["components"]}
        jsonschema.Draft202012Validator(whole).validate(value)

    def check(self, path, method, answer):
        """The status, the media type and the body are among those that are documented."""
        operation = DOCUMENT["paths"][path][method]
        self.assertIn(str(answer.status), operation["responses"], (path, method, answer.body[:300]))
        response = resolved(operation["responses"][str(answer.status)])
        if not answer.body:
            return answer
        media = answer.headers["content-type"].split(";")[0]
        self.assertIn(media, response["content"], (path, method))
        if media.endswith("json"):
            self.valid(response["content"][media]["schema"], answer.json())
        return answer

    def test_it_is_served_as_it_is_kept_and_names_every_path(self):
        self.assertEqual(self.get("/openapi.json").json(), DOCUMENT)
        listed = set(self.get("/").json()["endpoints"])
        documented = {re.sub(r"/log/tile/.*", "/log/tile/{level}/{index}", path)
                      for path in DOCUMENT["paths"]} - {"/"}
        self.assertEqual(listed, documented)

    def test_every_path_answers_as_documented(self):
        done = self.check("/execute", "post", self.run_job())
        self.assertEqual(done.status, 200, done.body)
        certificate = done.json()["certificate_url"]
        claim = done.json()["claim_hash"]
        accepted = self.check("/execute", "post", self.run_job("sleep 600", Prefer="respond-async"))
        run = accepted.headers["location"]
        asked = (
            ("/", "/"), ("/healthz", "/healthz"), ("/readyz", "/readyz"), ("/metrics", "/metrics"),
            ("/audit", "/audit"), ("/openapi.json", "/openapi.json"),
            ("/.well-known/mayfly-attestation",
             "/.well-known/mayfly-attestation?nonce=" + "0a" * 16),
            ("/.well-known/mayfly-attestation", "/.well-known/mayfly-attestation"),
            ("/certificate/{id}", certificate), ("/certificate/{id}", certificate + "?format=text"),
            ("/certificate/{id}", certificate + "?format=no"),
            ("/certificate/{id}", "/certificate/cert_" + "0" * 64),
            ("/certificate/{id}/verify", certificate + "/verify"),
            ("/certificates", "/certificates"), ("/certificates", "/certificates?limit=0"),
            ("/claims/{hash}", "/claims/" + claim), ("/claims/{hash}", "/claims/no"),
            ("/log/checkpoint", "/log/checkpoint"), ("/log/tile/{tile}", "/log/tile/0/000.p/1"),
            ("/log/tile/{tile}", "/log/tile/9/000"),
            ("/runs/{id}", run), ("/runs/{id}", "/runs/job_" + "0" * 32))
        for path, target in asked:
            with self.subTest(target=target):
                self.check(path, "get", self.get(target))
        self.check("/runs/{id}", "delete", self.ask("DELETE", run))
        self.check("/runs/{id}/events", "get", self.get(run + "/events"))
        self.check("/runs/{id}/events", "get", self.get(run + "/events", Last_Event_ID="3"))
        self.check("/runs/{id}/events", "get", self.get(run + "/events", Last_Event_ID="x"))
        self.check("/runs/{id}", "get", self.get(run))

    def test_requests_are_taken_exactly_if_the_schema_takes_them(self):
        script = {"scripts": {"main.sh": "true"}}
        requests = (
            ({"sandbox": script}, True), ({"code": "print(1)"}, True), ({}, False),
            ({"sandbox": script, "code": "x"}, False), ({"sandbox": script, "unknown": 1}, False),
            ({"sandbox": {**script, "environment": {"max_memory_mb": 3}}}, False),
            ({"sandbox": {**script, "environment": {"timeout_seconds": 86400}}}, True),
            ({"sandbox": {**script, "environment": {"timeout_seconds": 86401}}}, False),
            ({"sandbox": script, "visibility": "secret"}, False),
            ({"sandbox": script, "nonce": "0"}, False), ({"sandbox": script, "nonce": "00"}, True),
            ({"sandbox": script, "dataset": {"data": "base64:QQ==", "format": "csv"}}, True),
            ({"sandbox": script, "dataset": {"data": "base64:QQ==", "format": "exe"}}, False),
            ({"code": "print(1)", "network_access": True}, False),
            ({"sandbox": {**script, "policy": "shell", "determinism": "seeded"}}, True),
            ({"sandbox": {**script, "policy": "none"}}, False),
            ({"sandbox": {**script, "determinism": "true"}}, False),
            ({"sandbox": script, "assertions": [{"name": "x", "op": "~", "value": "1"}]}, False))
        for request, good in requests:
            with self.subTest(request=request):
                try:
                    self.valid(DOCUMENT["components"]["schemas"]["ExecuteRequest"], request)
                    self.assertTrue(good, "the schema takes it")
                except jsonschema.ValidationError as refusal:
                    self.assertFalse(good, refusal.message)
                answer = self.check("/execute", "post", self.ask("POST", "/execute", request))
                self.assertEqual(answer.status, 200 if good else 422, answer.body)
