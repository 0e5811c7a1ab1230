"""What the service counts and logs, read by the programs that will read it."""
import base64
import json
import re
import shutil
import subprocess
import time

from service import ROOT, Service

DEPLOY = ROOT / "deploy"
CANARY = "canary-7f31c9"
METRIC = re.compile(r"\bmayfly_[a-z0-9_]+")


def promtool(*arguments, **more):
    return subprocess.run(["promtool", *arguments], capture_output=True, text=True, timeout=300,
                          **more)


class WithPromtool(Service):
    def setUp(self):
        if shutil.which("promtool") is None:
            self.skipTest("promtool is missing: it comes with Debian's prometheus")
        super().setUp()


class Metrics(WithPromtool):
    def metrics_that_have(self, line: str) -> str:
        """An answer is counted after it was sent, so perhaps after the next request is there."""
        give_up = time.monotonic() + 60
        while True:
            text = self.get("/metrics").body.decode()
            if line in text or time.monotonic() > give_up:
                self.assertIn(line, text)
                return text
            time.sleep(0.05)

    def test_promtool_finds_nothing_to_mend(self):
        self.assertEqual(self.run_job().status, 200)
        self.run_job("exit 3")
        self.get("/nothing")
        text = self.metrics_that_have('mayfly_http_requests_total{route="other",status="4xx"} 1\n')
        self.assertIn('mayfly_runs_total{outcome="succeeded",driver="native"} 1\n', text)
        self.assertIn('mayfly_runs_total{outcome="failed",driver="native"} 1\n', text)
        checked = promtool("check", "metrics", input=text)
        self.assertEqual((checked.returncode, checked.stdout, checked.stderr), (0, "", ""))

    def test_openmetrics_for_those_who_ask_for_it(self):
        answer = self.get("/metrics", Accept="application/openmetrics-text; version=1.0.0")
        self.assertTrue(answer.headers["content-type"].startswith("application/openmetrics-text"))
        self.assertTrue(answer.body.endswith(b"# EOF\n"))

    def test_alerts_fire_when_they_should_and_name_what_exists(self):
        for verb, name in (("check", "mayfly.rules.yml"), ("test", "mayfly.rules_test.yml")):
            done = promtool(verb, "rules", str(DEPLOY / "prometheus" / name))
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        rules = (DEPLOY / "prometheus" / "mayfly.rules.yml").read_text()
        self.assertLessEqual(set(METRIC.findall(rules)), self.metric_names())
        kinds = set(re.findall(r"kind: ([a-z]+)", rules))
        self.assertEqual(kinds, {"security", "performance", "capacity", "error"})

    def test_every_metric_is_on_the_dashboard_and_the_other_way_round(self):
        dashboard = json.loads((DEPLOY / "grafana" / "mayfly.json").read_text())
        shown = set()
        for panel in dashboard["panels"]:
            for target in panel["targets"]:
                shown.update(METRIC.findall(target["expr"]))
        exist = self.metric_names()
        self.assertLessEqual(shown, exist)
        families = {re.sub(r"_(bucket|sum|count)$", "", name) for name in exist}
        self.assertEqual({re.sub(r"_(bucket|sum|count)$", "", name) for name in shown}, families)


class Logs(Service):
    def events(self):
        return [json.loads(line) for line in self.log_path.read_text().splitlines()]

    def test_every_line_is_an_event_of_a_channel(self):
        self.run_job()
        self.run_job("cat /etc/shadow; true")
        self.get("/nothing?x=" + CANARY)
        self.stop()
        events = self.events()
        for event in events:
            self.assertLessEqual({"ts", "channel", "level", "event"}, set(event))
            self.assertIn(event["channel"], {"execution", "security", "performance", "audit"})
        self.assertLessEqual({"request", "run.end", "run.finding"},
                             {event["event"] for event in events})

    def test_no_data_and_no_key_is_in_a_log_or_a_metric(self):
        data = base64.b64encode(f"name\n{CANARY}\n".encode()).decode()
        self.run_job(f"cat /data/*; echo {CANARY} >&2; echo /{CANARY}",
                     {"data": "base64:" + data, "format": "csv"},
                     Authorization="Bearer " + CANARY, Idempotency_Key=CANARY)
        refused = self.ask("POST", "/execute", {
            "dataset": {"data": "base64:" + data, "format": CANARY},
            "sandbox": {"llm": {"api_key": CANARY}}})
        self.assertEqual(refused.status, 422)
        self.get("/certificates?status=" + CANARY)
        metrics = self.get("/metrics").body.decode()
        self.stop()
        for text in (metrics, self.log_path.read_text()):
            self.assertNotIn(CANARY, text)
            self.assertNotIn(data[:12], text)
