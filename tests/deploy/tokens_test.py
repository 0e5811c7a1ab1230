"""Tokens by the command line, for a server that runs; and what a killed server leaves."""
import json
import signal
import time

from service import Service


class Tokens(Service):
    def token(self, *scopes):
        chosen = [word for scope in scopes for word in ("--scope", scope)]
        return self.mayfly("token", "create", "--tenant", "lab", *chosen).strip()

    def test_one_that_is_made_closes_the_door_and_one_that_is_revoked_opens_nothing(self):
        self.assertEqual(self.run_job().status, 200)
        token = self.token("execute")
        bearer = {"Authorization": "Bearer " + token}
        self.assertEqual(self.run_job().status, 401)
        self.assertEqual(self.run_job(**bearer).status, 200)
        self.assertEqual(self.get("/metrics", **bearer).status, 403)
        self.assertEqual(
            self.get("/metrics", Authorization="Bearer " + self.token("metrics")).status, 200)
        listed = [json.loads(line) for line in self.mayfly("token", "list", "--json").splitlines()]
        self.assertEqual([one["state"] for one in listed], ["valid", "valid"])
        self.assertNotIn(token.rsplit("_", 1)[1], json.dumps(listed))
        self.mayfly("token", "revoke", token.split("_")[1])
        self.assertEqual(self.run_job(**bearer).status, 401)
        admin = {"Authorization": "Bearer " + self.token("admin")}
        actions = [entry["action"] for entry in self.get("/audit", **admin).json()["entries"]]
        self.assertEqual(actions, ["token.create", "token.create", "token.revoke", "token.create"])


class KilledServer(Service):
    def accepted(self, script):
        answer = self.run_job(script, Prefer="respond-async")
        self.assertEqual(answer.status, 202, answer.body)
        return answer.headers["location"]

    def test_no_certificate_is_lost_and_no_run_forgotten(self):
        done, running = self.accepted("echo done"), self.accepted("sleep 600")
        while self.get(done).json()["state"] != "finished":
            time.sleep(0.02)
        certificate = self.get(done).json()["certificate_id"]
        waiting = [self.accepted("sleep 600") for _ in range(3)]
        self.stop(signal.SIGKILL)
        self.start()
        known = self.get(done).json()
        self.assertEqual((known["state"], known["certificate_id"]), ("finished", certificate))
        self.assertEqual(self.get("/certificate/" + certificate).status, 200)
        for lost in (running, *waiting):
            self.assertEqual(self.get(lost).json()["state"], "dropped")
