"""kill -9 at any moment leaves no job process, no mount, no cgroup and no certificate.

Goal: kernel truth after the worst exit. Method: start a run whose processes carry a mark in their
arguments, kill one of Mayfly's own processes (never anything else) after a delay that sweeps over
all eight steps, then look at /proc, the mounts and the cgroups.
"""
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

BIN = pathlib.Path(os.environ["MAYFLY_BIN"])
ROUNDS = int(os.environ.get("MAYFLY_KILL_ROUNDS", "24"))
DELAY_STEP_SECONDS = 0.01
SETTLE_SECONDS = 5


def command_line(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def marked(mark):
    # Ourselves and the killed `mayfly` carry the mark too; only what still lives counts.
    return [pid for pid in os.listdir("/proc") if pid.isdigit() and mark in command_line(pid)]


def children(pid):
    try:
        return [
            int(one) for one in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        ]
    except OSError:
        return []


def mounts():
    return pathlib.Path("/proc/self/mountinfo").read_text()


def cgroups():
    found = []
    for folder, names, _ in os.walk("/sys/fs/cgroup"):
        found += [os.path.join(folder, name) for name in names if name.startswith("mayfly-")]
    return found


class Kill(unittest.TestCase):
    def start(self, folder, mark):
        job = f"sleep 41 & setsid sleep 42 & echo {mark} > /work/mark; sleep 43 # {mark}"
        return subprocess.Popen(
            [
                str(BIN / "mayfly"),
                "run",
                "-q",
                "--dataset",
                "-",
                "-o",
                "cert.json",
                "--",
                "sh",
                "-c",
                job,
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env=dict(os.environ, MAYFLY_STATE=folder + "/state"),
        )

    def settled(self, look, what):
        until = time.monotonic() + SETTLE_SECONDS
        while time.monotonic() < until:
            if not look():
                return
            time.sleep(0.02)
        self.fail(f"{what} left: {look()}")

    def one_round(self, number, find_victim):
        mark = f"mayfly-mark-{os.getpid()}-{number}".encode()
        mounts_before = mounts()
        with tempfile.TemporaryDirectory(prefix="mayfly-kill-") as folder:
            child = self.start(folder, mark.decode())
            try:
                child.stdin.write(b"private\n" * 1000)
                child.stdin.close()
            except BrokenPipeError:
                pass
            victim = find_victim(child.pid)
            time.sleep(number * DELAY_STEP_SECONDS)
            os.kill(victim, signal.SIGKILL)
            # The runner's death is an error of ours, soon, and no certificate.
            self.assertNotEqual(child.wait(timeout=10), 0)
            self.settled(lambda: marked(mark), "processes")
            self.settled(lambda: [] if mounts() == mounts_before else ["mounts differ"], "mounts")
            self.assertFalse(os.path.exists(folder + "/cert.json"))

    def test_killing_mayfly(self):
        for number in range(ROUNDS):
            with self.subTest(number=number):
                self.one_round(number, lambda pid: pid)
        self.sweep()

    def test_killing_the_runner(self):
        def runner_of(pid):
            until = time.monotonic() + 10
            while time.monotonic() < until:
                for one in children(pid):
                    if b"mayfly-runner" in command_line(one):
                        return one
                time.sleep(0.001)
            self.fail("no runner was started")

        for number in range(ROUNDS):
            with self.subTest(number=number):
                self.one_round(number, runner_of)
        self.sweep()

    def sweep(self):
        # Empty cgroup folders of a killed run are swept by the next one.
        with tempfile.TemporaryDirectory(prefix="mayfly-kill-") as folder:
            subprocess.run(
                [str(BIN / "mayfly"), "run", "-q", "--no-store", "-o", "c.json", "--", "true"],
                cwd=folder,
                check=True,
                timeout=30,
            )
        self.settled(cgroups, "cgroups")

    def test_the_mark_is_seen_while_the_job_lives(self):
        """Shows that the look can fail."""
        mark = f"mayfly-mark-{os.getpid()}-alive"
        with tempfile.TemporaryDirectory(prefix="mayfly-kill-") as folder:
            child = self.start(folder, mark)
            child.stdin.close()
            until = time.monotonic() + 10
            while len(marked(mark.encode())) < 2 and time.monotonic() < until:
                time.sleep(0.02)
            self.assertGreaterEqual(len(marked(mark.encode())), 2)
            child.kill()
            child.wait()
            self.settled(lambda: marked(mark.encode()), "processes")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
