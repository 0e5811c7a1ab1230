"""kill -9 at any moment leaves no process, mount or control group, and no half certificate.

Goal: kernel truth after the worst exit. Method: start a run, kill one of Mayfly's own processes
(never anything else) after a delay, look at what is left. The delays sweep over a run that ends by
itself, its duration measured first. What comes after the sandbox (wipe, quote, signature, store,
-o) takes a few milliseconds and such a sweep would mostly miss it, so it gets one of its own: the
victim is stopped until its runner is gone, and killed soon after it goes on. A job that does not
end, with children in sessions of their own, is killed under the same looks.

MAYFLY_KILL_ROUNDS: kills per sweep. `./dev test --all` asks for many.
"""
import base64
import collections
import http.client
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import remains

ROUNDS = max(2, int(os.environ.get("MAYFLY_KILL_ROUNDS", "8")))
PAST_THE_END = 1.2
MORE_ROUNDS_MAX = 20  # until one run has ended before its kill: a machine may be slower by then
SHORT_JOB = ["sh", "-c", "wc -c < $DATASET_PATH"]
LONG_JOB = ["sh", "-c", "sleep 41 & setsid sleep 42 & sleep 43"]
LONG_JOB_PROCESSES = 6  # mayfly, runner, pid 1 of the sandbox, shell, two of its sleeps


def setUpModule():
    remains.adopt_orphans()


def sleep_until(moment):
    time.sleep(max(0, moment - time.monotonic()))


def filters(pid):
    """How many system-call filters hold a process."""
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    found = re.search(r"^Seccomp_filters:\s*(\d+)$", status, re.MULTILINE)
    return int(found[1]) if found else 0


def has_heard_its_request(runner):
    """Pid 1 of its sandbox locks itself up when the dataset is in its place: after all of it."""
    return any(filters(child) > filters(runner) for child in remains.children(runner))


def hold_until_the_runner_is_gone(victim, is_over):
    """Stops `victim` while its sandbox lives, lets it go on when its runner has ended. The time of
    that, or now if the run was over before."""
    runner = remains.runner_of(victim.pid, is_over)
    if runner is None:
        return time.monotonic()
    try:
        while not (has_heard_its_request(runner.pid) or runner.has_ended()):
            time.sleep(0.0005)
        victim.send(signal.SIGSTOP)
        runner.wait_for_end()
    finally:
        victim.send(signal.SIGCONT)
        runner.close()
    return time.monotonic()


def longest(rows):
    """Column by column. A busy machine's times vary, and a sweep must reach the end."""
    return [max(column) for column in zip(*rows)]


class Kill(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="mayfly-kill-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.assertEqual(remains.orphans(), [])

    def nothing_is_left(self):
        self.assertEqual(remains.settled(remains.orphans), [], "processes")
        self.assertEqual(remains.mounts(), [], "mounts")
        self.assertEqual(remains.settled(remains.stale_groups), [], "control groups")

    def sweep(self, seconds, one_round, power=1):
        """`one_round(delay)` returns what came of the run. Says how often each was seen, because a
        sweep that never cut a run, or never let one end, swept over nothing. A higher power makes
        the delays denser at the beginning."""
        seen = collections.Counter()
        fractions = [(number / (ROUNDS - 1)) ** power for number in range(ROUNDS)]
        for number, fraction in enumerate(fractions):
            delay = seconds * PAST_THE_END * fraction
            with self.subTest(round=number, delay_ms=round(delay * 1000, 2)):
                seen[one_round(delay)] += 1
        for _ in range(MORE_ROUNDS_MAX):
            if seen["ended"]:
                break
            delay = delay * PAST_THE_END + 0.001
            seen[one_round(delay)] += 1
        print(f"{self.id()}: over {seconds * 1000:.1f} ms: {dict(seen)}", file=sys.stderr)
        self.assertTrue(seen["ended"], seen)
        self.assertTrue(any(what.startswith("cut") for what in seen), seen)


class KillTheCommand(Kill):
    measured = None

    def start(self, folder, job):
        child = subprocess.Popen(
            [remains.BIN / "mayfly", "run", "-q", "--dataset", "-", "-o", "cert.json", "--", *job],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env=dict(os.environ, MAYFLY_STATE=str(folder / "state")),
        )
        try:
            child.stdin.write(b"private\n" * 1000)
            child.stdin.close()
        except BrokenPipeError:
            pass
        return child

    def durations(self):
        """Of an undisturbed run, in seconds: the whole, and the runner's life. Measured once."""
        if KillTheCommand.measured:
            return KillTheCommand.measured
        rows = []
        for number in range(3):
            folder = self.folder / f"undisturbed-{number}"
            folder.mkdir()
            begun = time.monotonic()
            child = self.start(folder, SHORT_JOB)
            runner = remains.runner_of(child.pid)
            started = time.monotonic()
            runner.wait_for_end()
            ended = time.monotonic()
            self.assertEqual(child.wait(timeout=30), 0)
            rows.append((time.monotonic() - begun, ended - started))
            runner.close()
        KillTheCommand.measured = longest(rows)
        return KillTheCommand.measured

    def duration_of_the_end(self):
        """The same, of what comes after the runner."""
        rows = []
        for number in range(3):
            folder = self.folder / f"held-{number}"
            folder.mkdir()
            child = self.start(folder, SHORT_JOB)
            victim = remains.Victim(child.pid)
            went_on = hold_until_the_runner_is_gone(victim, victim.has_ended)
            self.assertEqual(child.wait(timeout=30), 0)
            rows.append([time.monotonic() - went_on])
            victim.close()
        return longest(rows)[0]

    def one_round(self, job, kill):
        """`kill(child)` kills. Returns what came of the run, after looking at all it left."""
        with tempfile.TemporaryDirectory(dir=self.folder) as name:
            folder = pathlib.Path(name)
            child = self.start(folder, job)
            try:
                kill(child)
            finally:
                status = child.wait(timeout=30)
            self.nothing_is_left()
            return self.what_came_of_it(folder, status)

    def what_came_of_it(self, folder, status):
        stored = remains.in_store(folder / "state")
        certificate = folder / "cert.json"
        self.assertLessEqual(len(stored), 1)
        for one in stored.values():
            self.assertTrue(remains.is_consistent(one), "a certificate in the store")
        if certificate.exists():
            # Whoever finds the file can use it; it is whole, and was durable in the store before.
            self.assertEqual([certificate.read_bytes()], list(stored.values()))
        beside = [path.name for path in folder.iterdir()
                  if path.name not in ("cert.json", "state")]
        if status != -signal.SIGKILL:
            # Mayfly itself lived on: either all is there, or it said that it failed.
            self.assertEqual(beside, [])
            self.assertEqual(certificate.exists(), status == 0)
            self.assertEqual(bool(stored), status == 0)
            return "ended" if status == 0 else "cut"
        # What is written has no name before it is whole.
        self.assertEqual(beside, [])
        return "cut" + (", stored" if stored else "")

    def test_killing_mayfly(self):
        whole, _ = self.durations()

        def one_round(delay):
            def kill(child):
                begun = time.monotonic()
                victim = remains.Victim(child.pid)
                sleep_until(begun + delay)
                victim.kill()
                victim.close()

            return self.one_round(SHORT_JOB, kill)

        self.sweep(whole, one_round)

    def test_killing_mayfly_when_the_sandbox_is_gone(self):
        def one_round(delay):
            def kill(child):
                victim = remains.Victim(child.pid)
                went_on = hold_until_the_runner_is_gone(victim, victim.has_ended)
                sleep_until(went_on + delay)
                victim.kill()
                victim.close()

            return self.one_round(SHORT_JOB, kill)

        self.sweep(self.duration_of_the_end(), one_round, power=2)

    def test_killing_the_runner(self):
        _, life = self.durations()

        def one_round(delay):
            def kill(child):
                runner = remains.runner_of(child.pid, lambda: child.poll() is not None)
                if runner is None:
                    return
                sleep_until(time.monotonic() + delay)
                runner.kill()
                runner.close()

            return self.one_round(SHORT_JOB, kill)

        self.sweep(life, one_round)

    def test_killing_either_while_the_job_goes_on(self):
        whole, _ = self.durations()
        for number in range(ROUNDS):
            delay = whole * PAST_THE_END * number / ROUNDS

            def kill(child):
                victim = remains.Victim(child.pid)
                runner = remains.runner_of(child.pid)
                sleep_until(time.monotonic() + delay)
                (victim, runner)[number % 2].kill()
                runner.close(), victim.close()

            with self.subTest(round=number, delay_ms=round(delay * 1000, 2)):
                self.assertEqual(self.one_round(LONG_JOB, kill), "cut")

    def wait_for_the_long_job(self, child):
        def still_missing():
            return len(remains.descendants("self")) < LONG_JOB_PROCESSES

        self.assertFalse(remains.settled(still_missing, seconds=20), "the job does not start")
        return remains.runner_of(child.pid)

    def test_the_looks_see_a_job_that_lives(self):
        """Shows that the looks can fail."""
        folder = self.folder / "alive"
        folder.mkdir()
        child = self.start(folder, LONG_JOB)
        runner = self.wait_for_the_long_job(child)
        self.assertTrue(remains.orphans())
        child.kill()
        child.wait()
        runner.close()
        self.nothing_is_left()

    def kill_both(self):
        """The runner's control groups, which nobody is left to remove. [] where there are none."""
        folder = self.folder / "both"
        folder.mkdir()
        child = self.start(folder, LONG_JOB)
        runner = self.wait_for_the_long_job(child)
        groups = [path for path, (pid, _) in remains.run_groups().items() if pid == str(runner.pid)]
        child.send_signal(signal.SIGSTOP)  # or it would clean up after its runner
        runner.kill()
        runner.wait_for_end()
        child.kill()
        child.wait()
        runner.close()
        self.assertEqual(remains.settled(remains.orphans), [], "processes")
        self.assertEqual(remains.mounts(), [], "mounts")
        self.assertEqual(list(folder.glob("cert*")), [])
        self.assertEqual(remains.in_store(folder / "state"), {})
        if not groups:
            self.skipTest("needs control groups: this user, or this machine, has none for a run")
        return groups

    def test_the_next_run_sweeps_what_both_together_left(self):
        groups = self.kill_both()
        done = subprocess.run(
            [remains.BIN / "mayfly", "run", "-q", "--no-store", "-o", "c.json", "--", "true"],
            cwd=self.folder,
            timeout=300,
            check=False,
        )
        self.assertEqual(done.returncode, 0)
        self.assertEqual([path for path in groups if os.path.exists(path)], [])

    def test_the_next_server_sweeps_what_both_together_left(self):
        groups = self.kill_both()
        server = Server(self.folder)
        self.assertEqual([path for path in groups if os.path.exists(path)], [])
        server.kill()


class Server:
    """`mayfly serve` over one folder, on a port of its own. Without sandboxes held ready its only
    runner is that of the request."""

    def __init__(self, folder, ready=0):
        with (folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [remains.BIN / "mayfly", "serve", "--port", "0", "--ready", str(ready)],
                env=dict(os.environ, MAYFLY_STATE=str(folder / "state")),
                stdout=subprocess.PIPE,
                stderr=log,
            )
        line = self.process.stdout.readline().decode()
        if not line:
            raise AssertionError("the server did not start: " + (folder / "log").read_text()[-500:])
        self.port = int(line.rsplit(":", 1)[1])

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        try:
            connection.request(method, path, body, {"Content-Type": "application/json"})
            reply = connection.getresponse()
            return reply.status, reply.read()
        finally:
            connection.close()


class Request(threading.Thread):
    """A POST /execute on its way. `acknowledged`: the id, if the whole reply came."""

    BODY = json.dumps(
        {
            "dataset": {
                "data": "base64:" + base64.b64encode(b"private\n" * 50_000).decode(),
                "format": "csv",
            },
            "sandbox": {"scripts": {"main.sh": SHORT_JOB[-1]}, "tools": ["bash", "coreutils"]},
        }
    ).encode()

    def __init__(self, server):
        super().__init__()
        self.server = server
        self.acknowledged = None
        self.refusal = None
        self.start()

    def run(self):
        try:
            status, reply = self.server.ask("POST", "/execute", self.BODY)
        except (OSError, http.client.HTTPException):
            return  # killed before or while it answered
        if status == 200:
            self.acknowledged = json.loads(reply)["certificate_id"]
        else:
            self.refusal = reply


class KillTheServer(Kill):
    def setUp(self):
        super().setUp()
        self.server = Server(self.folder)
        self.addCleanup(lambda: self.server.kill())
        self.acknowledged = set()

    def duration(self, begin):
        """In seconds, of an undisturbed request: from what `begin(request)` returns to its end."""
        rows = []
        for _ in range(3):
            request = Request(self.server)
            begun = begin(request)
            request.join()
            rows.append([time.monotonic() - begun])
            self.assertTrue(request.acknowledged, request.refusal)
            self.acknowledged.add(request.acknowledged)
            # Each round has a fresh server too, whose first request takes longest.
            self.server.kill()
            self.server = Server(self.folder)
        return longest(rows)[0]

    def hold(self, request):
        victim = remains.Victim(self.server.process.pid)
        try:
            return hold_until_the_runner_is_gone(victim, lambda: not request.is_alive())
        finally:
            victim.close()

    def one_round(self, begin, delay):
        request = Request(self.server)
        sleep_until(begin(request) + delay)
        self.server.kill()
        request.join()
        self.assertIsNone(request.refusal)
        self.nothing_is_left()
        # Over the same store, as an operator's supervisor would do it.
        self.server = Server(self.folder)
        if not request.acknowledged:
            return "cut"
        self.acknowledged.add(request.acknowledged)
        status, certificate = self.server.ask("GET", "/certificate/" + request.acknowledged)
        self.assertEqual(status, 200)
        self.assertTrue(remains.is_consistent(certificate))
        return "ended"

    def judge_the_store(self):
        stored = remains.in_store(self.folder / "state")
        self.assertEqual(self.acknowledged - stored.keys(), set(), "acknowledged, and gone")
        for one in stored.values():
            self.assertTrue(remains.is_consistent(one))

    def test_killing_it_with_a_request_in_flight(self):
        def now(_):
            return time.monotonic()

        self.sweep(self.duration(now), lambda delay: self.one_round(now, delay))
        self.judge_the_store()

    def test_killing_it_when_the_sandbox_is_gone(self):
        duration = self.duration(self.hold)
        self.sweep(duration, lambda delay: self.one_round(self.hold, delay), power=2)
        self.judge_the_store()


class KillTheServerThatHoldsSandboxes(Kill):
    READY = 3

    def setUp(self):
        super().setUp()
        self.server = Server(self.folder, self.READY)
        # Those that wait end by themselves, a moment after it; the next test counts processes.
        self.addCleanup(lambda: remains.settled(remains.orphans))
        self.addCleanup(lambda: self.server.kill())

    def runners(self):
        """Those whose sandbox has its first process, and that one the job's."""
        return [
            runner
            for runner in remains.children(self.server.process.pid)
            if any(remains.children(first) for first in remains.children(runner))
        ]

    def wait_for_the_pool(self):
        def still_missing():
            return len(self.runners()) < self.READY

        self.assertFalse(remains.settled(still_missing, seconds=20), "the pool is not filled")

    def test_killing_it_while_they_wait(self):
        self.wait_for_the_pool()
        self.server.kill()
        self.nothing_is_left()

    def test_killing_it_while_they_are_built(self):
        for number in range(ROUNDS):
            with self.subTest(round=number):
                time.sleep(0.004 * number)
                self.server.kill()
                self.nothing_is_left()
                self.server = Server(self.folder, self.READY)

    def test_stopping_it(self):
        self.wait_for_the_pool()
        self.server.process.terminate()
        self.assertEqual(self.server.process.wait(timeout=30), 0)
        self.nothing_is_left()

    def test_a_request_is_served_by_one_and_it_is_replaced(self):
        self.wait_for_the_pool()
        before = set(self.runners())
        request = Request(self.server)
        request.join()
        self.assertTrue(request.acknowledged, request.refusal)
        self.wait_for_the_pool()
        self.assertEqual(len(before - set(self.runners())), 1, "used once, and gone")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
