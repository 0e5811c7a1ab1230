"""What is left after a run, as the kernel sees it: processes, mounts, control groups, certificates.

A test that kills calls adopt_orphans() once. From then on every process whose parent dies becomes
a child of the test, whatever session, group or pid namespace it hides in: a process that a killed
program leaves behind cannot be missed, and one of somebody else's is never counted. The same of
control groups: those of dead runners that are there before (of another login, say, whose groups
no run of ours can reach) are not the test's.
"""
import ctypes
import json
import os
import pathlib
import re
import select
import signal
import subprocess
import time

BIN = pathlib.Path(os.environ["MAYFLY_BIN"])
CONSISTENT_NOT_HARDWARE_ATTESTED = 5  # verify-cert, on simulated evidence
SETTLE_SECONDS = 5
PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans():
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "PR_SET_CHILD_SUBREAPER")


def settled(look, seconds=SETTLE_SECONDS):
    """Waits until `look` sees nothing; what it still sees at the end otherwise."""
    until = time.monotonic() + seconds
    while (seen := look()) and time.monotonic() < until:
        time.sleep(0.005)
    return seen


# --- Processes ------------------------------------------------------------------------------------


def children(pid):
    """Of all its threads."""
    found = []
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += [int(one) for one in task.read_text().split()]
        except OSError:  # that thread, or the process, has ended meanwhile
            pass
    return found


def descendants(pid):
    found = children(pid)
    return found + [one for child in found for one in descendants(child)]


def orphans(known=()):
    """Processes that became ours, alive, as "pid name"; the dead ones are collected on the way."""
    left = []
    for pid in set(children("self")) - set(known):
        try:
            if os.waitpid(pid, os.WNOHANG)[0] != pid:
                left.append(f"{pid} " + pathlib.Path(f"/proc/{pid}/comm").read_text().strip())
        except (ChildProcessError, FileNotFoundError):
            pass
    return left


class Victim:
    """A process by descriptor, so that no other process under its number can be hit."""

    def __init__(self, pid):
        self.pid = pid
        self.fd = os.pidfd_open(pid)

    def send(self, number):
        try:
            signal.pidfd_send_signal(self.fd, number)
        except ProcessLookupError:
            pass

    def kill(self):
        self.send(signal.SIGKILL)

    def has_ended(self, within_seconds=0):
        poll = select.poll()
        poll.register(self.fd, select.POLLIN)
        return bool(poll.poll(within_seconds * 1000))

    def wait_for_end(self, seconds=30):
        if not self.has_ended(seconds):
            raise AssertionError(f"process {self.pid} does not end")

    def close(self):
        os.close(self.fd)


def runner_of(pid, is_over=lambda: False, seconds=30):
    """The runner that process `pid` starts, as soon as it is there; None if it came and went."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for child in children(pid):
            try:
                return Victim(child)
            except ProcessLookupError:
                return None
        if is_over():
            return None
        time.sleep(0.0005)
    raise AssertionError("no runner was started")


# --- Mounts and control groups --------------------------------------------------------------------


def mounts():
    """Mayfly's, in the mount namespace of this test."""
    lines = pathlib.Path("/proc/self/mountinfo").read_text().splitlines()
    return [line for line in lines if " - tmpfs mayfly " in line]


RUN_GROUP = re.compile(r"mayfly-(\d+)-(\d+)-(\d+)-\d+")


def start_time(pid):
    """Of a process that is alive, in clock ticks since boot, as text."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields[19]


def run_groups():
    """Directories of control groups of runs, with the runner's pid and start time."""
    ours = str(os.stat("/proc/self/ns/pid").st_ino)
    found = {}
    for folder, names, _ in os.walk("/sys/fs/cgroup"):
        for name in names:
            match = RUN_GROUP.fullmatch(name)
            if match and match[1] == ours:
                found[os.path.join(folder, name)] = (match[2], match[3])
    return found


def groups_of_dead_runners():
    return [path for path, (pid, start) in run_groups().items() if start_time(pid) != start]


STALE_BEFORE = frozenset(groups_of_dead_runners())


def stale_groups():
    """Those of runners that died since this module was read: no other one is ours to judge."""
    return [path for path in groups_of_dead_runners() if path not in STALE_BEFORE]


# --- Certificates ---------------------------------------------------------------------------------


def is_consistent(certificate):
    """Whether verify-cert says of these bytes what it says of a whole run here."""
    done = subprocess.run(
        [BIN / "verify-cert", "-", "--quiet"], input=certificate, timeout=300, check=False
    )
    return done.returncode == CONSISTENT_NOT_HARDWARE_ATTESTED


def in_store(state):
    """Certificates by id, read by the program that people use. {}: no store was made yet."""
    if not (state / "certificates.db").exists():
        return {}

    def mayfly(*arguments):
        return subprocess.run(
            [BIN / "mayfly", "certificates", *arguments],
            env=dict(os.environ, MAYFLY_STATE=str(state)),
            stdout=subprocess.PIPE,
            timeout=300,
            check=True,
        ).stdout

    listed = mayfly("list", "--json", "--limit", "1000").splitlines()
    ids = [json.loads(line)["certificate_id"] for line in listed]
    return {one: mayfly("show", one).rstrip(b"\n") for one in ids}
