"""Control groups of every kind there is, each in a machine that was booted with it.

The same test programs as here: what they may expect of the groups is told by
MAYFLY_EXPECTED_CGROUP, so that none of them skips what it came for.
"""
import os
import re
import shutil
import unittest
from pathlib import Path

import guest

BUILD = Path(os.environ.get("MAYFLY_BIN", guest.ROOT / "build/dev/bin")).parent
TESTS = BUILD / "tests"
LIMITS = ":".join(("CpuLimit.EndsAJobThatSpins", "MemoryLimit.EndsAJobPastIt",
                   "MemoryLimit.LeavesAJobAloneBelowIt", "PidsLimit.AllowsExactlyAsManyProcesses"))
# Emulated, a job needs more processor time to start than CpuLimit.DoesNotCountSleep gives it.
MORE_LIMITS = f"{LIMITS}:CpuLimit.CountsAllProcessesTogether:MemoryLimit.*:Cancel.*"
KILLS = ":".join(("Teardown.KillingTheClientLeavesNothing",
                  "Teardown.TheNextClientRemovesWhatNobodyCould"))
READY = "SandboxPool.GivesRunsASandboxThatWasBuiltBefore"
TOOLS = ("cat", "chown", "chroot", "grep", "head", "ls", "mkdir", "mount", "rm", "setpriv", "sleep",
         "true", "umount")

INIT = """#!/bin/sh
# The kernel cannot pivot away from an initramfs, only from what is mounted over it.
export PATH=/usr/bin:/usr/sbin
mkdir /over && mount -n --bind / /over && cd /over && mount -n --move . / && exec chroot . /main
"""
MAIN = """#!/bin/sh
mount -n -t proc proc /proc
mount -n -t sysfs sys /sys
mount -n -t devtmpfs dev /dev
try() {  # name, kind, program, filter, how...
  name=$1 kind=$2 program=$3 filter=$4
  shift 4
  MAYFLY_EXPECTED_CGROUP="$kind" "$@" "$program" --gtest_color=no --gtest_filter="$filter"
  echo "RESULT $name $?"
}
%s
echo END
echo b >/proc/sysrq-trigger
"""


class CgroupKinds(unittest.TestCase):
    def setUp(self) -> None:
        if os.environ.get("MAYFLY_GUEST_TESTS") != "1":
            self.skipTest("boots machines: ./dev test --all, or MAYFLY_GUEST_TESTS=1")
        if reason := guest.why_not():
            self.skipTest(reason)

    def root(self, script: str) -> guest.Root:
        root = guest.Root()
        root.program(Path("/bin/sh").resolve())
        root.entries["usr/bin/sh"] = guest.Entry(0o120777, Path("/bin/sh").resolve().name.encode())
        for name in TOOLS:
            root.program(Path(shutil.which(name)))
        for path in (BUILD / "bin/mayfly-runner", BUILD / "bin/confined-job",
                     *(TESTS / f"executor_{part}_test"
                       for part in ("cgroup", "limits", "teardown", "sandbox_pool"))):
            root.program(path)
        root.add("init", INIT.encode())
        root.add("main", (MAIN % script).encode())
        return root

    def check(self, kernel_options: str, script: str) -> None:
        console = guest.boot(self.root(script), kernel_options)
        self.assertIn("\nEND\n", console, console[-3000:])
        expected = re.findall(r"^try (\S+)", script, re.MULTILINE)
        results = dict(re.findall(r"^RESULT (\S+) (\d+)$", console, re.MULTILINE))
        self.assertEqual(results, dict.fromkeys(expected, "0"), console[-6000:])
        # A program that runs nothing of what it was told to is no result.
        self.assertEqual(len(re.findall(r"\[  PASSED  \] [1-9]\d* test", console)), len(expected),
                         console[-6000:])

    def test_version_2_as_root_and_delegated_to_a_user(self):
        self.check("cgroup_no_v1=all", f"""
mount -n -t cgroup2 none /sys/fs/cgroup
try groups v2 {TESTS}/executor_cgroup_test '*'
try limits v2 {TESTS}/executor_limits_test '{MORE_LIMITS}'
try kills v2 {TESTS}/executor_teardown_test '{KILLS}'
try ready v2 {TESTS}/executor_sandbox_pool_test '{READY}'
echo '+memory +pids' >/sys/fs/cgroup/cgroup.subtree_control
mkdir -p /sys/fs/cgroup/delegated/session
chown -R 1000:1000 /sys/fs/cgroup/delegated
echo $$ >/sys/fs/cgroup/delegated/session/cgroup.procs
user='setpriv --reuid 1000 --regid 1000 --clear-groups'
try delegated-groups v2 {TESTS}/executor_cgroup_test 'RunCgroupTest.*' $user
try delegated-limits v2 {TESTS}/executor_limits_test '{LIMITS}' $user
""")

    def test_none_then_version_1_then_hybrid(self):
        self.check("", f"""
try limits-of-none none {TESTS}/executor_limits_test '{LIMITS}'
mount -n -t tmpfs groups /sys/fs/cgroup
for one in memory pids cpuacct freezer; do
  mkdir /sys/fs/cgroup/$one
  mount -n -t cgroup -o $one $one /sys/fs/cgroup/$one
done
try groups-v1 v1 {TESTS}/executor_cgroup_test '*'
try limits-v1 v1 {TESTS}/executor_limits_test '{LIMITS}'
mkdir /sys/fs/cgroup/unified
mount -n -t cgroup2 none /sys/fs/cgroup/unified
try groups-hybrid hybrid {TESTS}/executor_cgroup_test '*'
try limits-hybrid hybrid {TESTS}/executor_limits_test '{LIMITS}'
""")


if __name__ == "__main__":
    unittest.main()
