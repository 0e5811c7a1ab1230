// Every limit at its bound and past it; and that each ending is called by its name.
#include <gtest/gtest.h>
#include <sys/eventfd.h>

#include <chrono>
#include <thread>

#include "base/unique_fd.hpp"
#include "executor/supervisor.hpp"
#include "tests/executor/sandbox_run.hpp"
#include "tests/support/sanitizer.hpp"

namespace mayfly::executor::test {
namespace {

constexpr std::int64_t megabyte = 1024 * 1024;

TEST(WallLimit, EndsAJobThatSleeps) {
  SandboxSpec spec = shell("echo before; sleep 100; echo after");
  spec.limits.wall_ms = 300;
  const RunReport report = run(spec);
  EXPECT_EQ(outcome_of(report), "timed out");
  EXPECT_EQ(stdout_of(report), "before\n");
  EXPECT_GE(report.usage.wall_ms, 300);
  EXPECT_LT(report.usage.wall_ms, 300 + termination_grace_ms);
}

TEST(WallLimit, LeavesAJobAloneThatIsInTime) {
  SandboxSpec spec = shell("sleep 0.1; echo done");
  spec.limits.wall_ms = 20'000;
  EXPECT_EQ(outcome_of(run(spec)), "exited 0");
}

TEST(WallLimit, GivesAJobTimeToTidyUp) {
  SandboxSpec spec = helper({"handle-term"});
  spec.limits.wall_ms = 300;
  const RunReport report = run(spec);
  EXPECT_EQ(outcome_of(report), "timed out");
  EXPECT_EQ(stdout_of(report), "waiting\ntidied up\n");
  EXPECT_EQ(report.executions.front().exit_code, 3);
}

TEST(WallLimit, KillsAJobThatIgnoresIt) {
  SandboxSpec spec = helper({"ignore-term"});
  spec.limits.wall_ms = 200;
  const RunReport report = run(spec);
  EXPECT_EQ(outcome_of(report), "timed out");
  EXPECT_EQ(stdout_of(report), "ignoring\n");
  EXPECT_GE(report.usage.wall_ms, 200 + termination_grace_ms);
  EXPECT_EQ(report.executions.front().exit_code, -SIGKILL);
}

TEST(WallLimit, EndsAStoppedJob) {
  SandboxSpec spec = shell("kill -STOP $$; echo not reached");
  spec.limits.wall_ms = 200;
  const RunReport report = run(spec);
  EXPECT_EQ(outcome_of(report), "timed out");
  EXPECT_EQ(stdout_of(report), "");
}

TEST(CpuLimit, EndsAJobThatSpins) {
  SandboxSpec spec = helper({"use-cpu", "1"});
  spec.limits.cpu_ms = 300;
  const RunReport report = run(spec);
  EXPECT_EQ(outcome_of(report), "limit cpu");
  EXPECT_GE(report.usage.cpu_ms, 300);
  EXPECT_LT(report.usage.cpu_ms, 1500);
}

TEST(CpuLimit, CountsAllProcessesTogether) {
  SandboxSpec spec = helper({"use-cpu", "4"});
  spec.limits.cpu_ms = 400;
  const RunReport report = run(spec);
  EXPECT_EQ(outcome_of(report), "limit cpu");
  // TERM reaches the whole process group; nobody spins through the grace.
  EXPECT_LT(report.usage.cpu_ms, 1500);
}

TEST(CpuLimit, DoesNotCountSleep) {
  SandboxSpec spec = shell("sleep 0.6");
  spec.limits.cpu_ms = 300;
  EXPECT_EQ(outcome_of(run(spec)), "exited 0");
}

TEST(MemoryLimit, EndsAJobPastIt) {
  SandboxSpec spec = helper({"use-memory", "96", "1"});
  spec.limits.memory_bytes = 64 * megabyte;
  const RunReport report = run(spec);
  if (has_control_groups(report)) {
    EXPECT_EQ(outcome_of(report), "limit memory");
  } else {
    EXPECT_EQ(outcome_of(report), "exited 12") << "RLIMIT_DATA makes its mmap fail";
  }
}

TEST(MemoryLimit, LeavesAJobAloneBelowIt) {
  SandboxSpec spec = helper({"use-memory", "48", "1"});
  spec.limits.memory_bytes = 64 * megabyte;
  const RunReport report = run(spec);
  EXPECT_EQ(outcome_of(report), "exited 0");
  EXPECT_GE(report.usage.peak_memory_bytes, 48 * megabyte);
  EXPECT_LE(report.usage.peak_memory_bytes, 64 * megabyte);
}

// Each of them is below the limit; together they are not.
TEST(MemoryLimit, CountsAllProcessesTogether) {
  SandboxSpec spec = helper({"use-memory", "40", "3"});
  spec.limits.memory_bytes = 64 * megabyte;
  EXPECT_EQ(outcome_of(run(spec)), "limit memory");
}

TEST(MemoryLimit, ATimeoutIsNeverCalledOutOfMemory) {
  if (mayfly::test::thread_sanitizer_build) GTEST_SKIP() << "TSan's own threads and memory count";
  SandboxSpec spec = helper({"use-memory", "60", "1"});
  spec.limits.memory_bytes = 64 * megabyte;
  spec.limits.wall_ms = 400;
  EXPECT_EQ(outcome_of(run(spec)), "timed out");
}

TEST(MemoryLimit, FilesInWorkCount) {
  SandboxSpec spec = shell("head -c 90000000 /dev/zero > big; echo survived");
  spec.limits.memory_bytes = 64 * megabyte;
  const RunReport report = run(spec);
  if (!has_control_groups(report)) {
    GTEST_SKIP() << "no memory group here: tmpfs is bounded by disk_bytes alone";
  }
  EXPECT_EQ(outcome_of(report), "limit memory");
}

TEST(PidsLimit, AllowsExactlyAsManyProcesses) {
  if (mayfly::test::thread_sanitizer_build) GTEST_SKIP() << "its thread in process 1 counts, too";
  for (const int limit : {1, 2, 8}) {
    SandboxSpec spec = helper({"fork-storm", "20"});
    spec.limits.pids = limit;
    const RunReport report = run(spec);
    EXPECT_EQ(stdout_of(report), std::to_string(limit - 1) + "\n");
    EXPECT_EQ(outcome_of(report), "exited 0") << "a job that copes is not ended";
    EXPECT_EQ(report.usage.processes, limit);
  }
}

TEST(PidsLimit, IsNamedWhenTheJobFailsForIt) {
  SandboxSpec spec = python("import os\nwhile True:\n  if os.fork() == 0: os.pause()");
  spec.limits.pids = 8;
  const RunReport report = run(spec);
  EXPECT_EQ(outcome_of(report), has_control_groups(report) ? "limit pids" : "exited 1");
}

TEST(OpenFilesLimit, IsExact) {
  SandboxSpec spec = helper({"open-files"});
  spec.limits.open_files = 32;
  EXPECT_EQ(stdout_of(run(spec)), "29 EMFILE\n");  // 0, 1 and 2 are open already
}

TEST(DiskLimit, BytesAreExact) {
  SandboxSpec spec = python(
      "import errno, os\n"
      "size = 8 << 20\n"
      "f = open('/work/a', 'wb', 0); f.write(b'x' * (size // 2))\n"
      "g = open('/tmp/b', 'wb', 0); assert g.write(b'x' * (size // 2)) == size // 2\n"
      "try: open('/dev/shm/c', 'wb', 0).write(b'x')\n"
      "except OSError as e: print(errno.errorcode[e.errno])\n");
  spec.scripts.push_back({"a script beside it", Bytes(100'000, 'x')});  // does not count
  spec.limits.disk_bytes = 8 * megabyte;
  const RunReport report = run(spec);
  EXPECT_EQ(outcome_of(report), "exited 0") << stderr_of(report);
  EXPECT_EQ(stdout_of(report), "ENOSPC\n");
}

TEST(DiskLimit, InodesAreExact) {
  SandboxSpec spec = python(
      "import errno\n"
      "made = 0\n"
      "try:\n"
      "  while True: open('f%d' % made, 'w'); made += 1\n"
      "except OSError as e: print(made, errno.errorcode[e.errno])\n");
  spec.scripts.push_back({"dir/script", {}});  // does not count, nor does its directory
  spec.limits.disk_inodes = 100;
  EXPECT_EQ(stdout_of(run(spec)), "100 ENOSPC\n");
}

TEST(DiskLimit, IsNamedWhenTheJobFailsForIt) {
  SandboxSpec spec = shell("head -c 100000000 /dev/zero > big");
  spec.limits.disk_bytes = megabyte;
  EXPECT_EQ(outcome_of(run(spec)), "limit disk");
}

TEST(DiskLimit, OneFileCannotBeLargerByBeingSparse) {
  SandboxSpec spec = command({"truncate", "-s", "2000000", "sparse"});
  spec.limits.disk_bytes = megabyte;
  EXPECT_EQ(outcome_of(run(spec)), "limit disk");
}

TEST(DiskLimit, MayBeNothingAtAll) {
  SandboxSpec spec = shell("echo x > f");
  spec.limits.disk_bytes = 0;
  spec.limits.disk_inodes = 0;
  const RunReport report = run(spec);
  EXPECT_NE(outcome_of(report), "exited 0");
}

TEST(OutputLimit, AtTheBoundNothingIsCut) {
  SandboxSpec spec = shell("head -c 1000 /dev/zero; head -c 1000 /dev/zero >&2");
  spec.limits.output_bytes = 1000;
  const RunReport report = run(spec);
  EXPECT_EQ(report.stdout_bytes.size(), 1000U);
  EXPECT_EQ(report.stderr_bytes.size(), 1000U);
  EXPECT_EQ(report.stdout_total, 1000U);
  EXPECT_EQ(report.stderr_total, 1000U);
}

TEST(OutputLimit, PastItOutputIsCutAndTheJobGoesOn) {
  SandboxSpec spec = shell("head -c 5000000 /dev/zero; echo end >&2; exit 5");
  spec.limits.output_bytes = 1000;
  const RunReport report = run(spec);
  EXPECT_EQ(outcome_of(report), "exited 5");
  EXPECT_EQ(report.stdout_bytes.size(), 1000U);
  EXPECT_EQ(report.stdout_total, 5'000'000U);
  EXPECT_EQ(stderr_of(report), "end\n");
}

TEST(OutputLimit, MayBeNothingAtAll) {
  SandboxSpec spec = shell("echo hello");
  spec.limits.output_bytes = 0;
  const RunReport report = run(spec);
  EXPECT_EQ(outcome_of(report), "exited 0");
  EXPECT_TRUE(report.stdout_bytes.empty());
  EXPECT_EQ(report.stdout_total, 6U);
}

TEST(OutputLimit, LargeOutputArrivesWhole) {
  SandboxSpec spec = python("import sys; sys.stdout.buffer.write(bytes(range(256)) * 40960)");
  spec.limits.output_bytes = 16 * megabyte;
  const RunReport report = run(spec);
  ASSERT_EQ(report.stdout_bytes.size(), 256U * 40960U);
  for (std::size_t i = 0; i < report.stdout_bytes.size(); i += 997) {
    ASSERT_EQ(report.stdout_bytes[i], i % 256);
  }
}

TEST(Cancel, EndsTheJobAtOnce) {
  const UniqueFd cancel(::eventfd(0, EFD_CLOEXEC));
  ASSERT_TRUE(cancel);
  Runner::Watch watch;
  watch.cancel_fd = cancel.borrow();
  watch.on_stdout = [&](ByteView) { ::eventfd_write(cancel.borrow(), 1); };
  const RunReport report = run(shell("echo started; sleep 100"), nullptr, watch);
  EXPECT_EQ(outcome_of(report), "signalled 9");
  EXPECT_LT(report.usage.wall_ms, 50'000);
}

TEST(Usage, IsMeasured) {
  const RunReport report =
      run(python("import os, time\n"
                 "for _ in range(3):\n"
                 "  if os.fork() == 0: os._exit(0)\n"
                 "  os.wait()\n"
                 "while time.process_time() < 0.2: pass\n"));
  EXPECT_EQ(report.usage.processes, 4);
  EXPECT_GE(report.usage.cpu_ms, 180);
  EXPECT_GE(report.usage.wall_ms, 180);
  EXPECT_GE(report.usage.peak_memory_bytes, megabyte);
  EXPECT_GT(report.execution_started.value, 1'600'000'000'000);
  EXPECT_GE(report.execution_completed.value, report.execution_started.value + 180);
}

}  // namespace
}  // namespace mayfly::executor::test
