// The policies beside the default one, in force: what they are made for runs under them and is
// refused nothing; what they leave out fails or ends the job as they say, and is in the record.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <string>
#include <vector>

#include "executor/seccomp_policy.hpp"
#include "tests/executor/sandbox_run.hpp"

namespace mayfly::executor::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

SandboxSpec under(std::string_view policy, SandboxSpec spec) {
  spec.policy = policy;
  spec.limits.wall_ms = 60'000;
  spec.limits.memory_bytes = std::int64_t{1} << 30;
  spec.environment.emplace_back("TMPDIR=/tmp");
  return spec;
}

std::vector<std::string> refused_calls(const RunReport& report) {
  std::vector<std::string> names;
  for (const FileEvent& event : report.files.events) {
    if (event.call != FileCall::refuse) continue;
    EXPECT_EQ(event.error, EPERM);
    names.push_back(event.path);
  }
  return names;
}

RunReport expect_runs(std::string_view policy, SandboxSpec spec, const std::string& output) {
  RunReport report = run(under(policy, std::move(spec)));
  EXPECT_EQ(outcome_of(report), "exited 0") << stderr_of(report);
  EXPECT_EQ(stdout_of(report), output) << stderr_of(report);
  EXPECT_THAT(refused_calls(report), IsEmpty());
  EXPECT_EQ(report.policy_name, policy);
  return report;
}

SandboxSpec script(const std::string& program, const std::string& name, std::string_view text) {
  SandboxSpec spec = command({program, name});
  spec.scripts.push_back({name, Bytes(bytes_of(text).begin(), bytes_of(text).end())});
  return spec;
}

bool has(const char* program) {
  return std::filesystem::exists(program);
}

// --- what they are made for ---

TEST(PolicyForPython, RunsProcessesThreadsAndAnEventLoop) {
  expect_runs("python", script("python3", "main.py", R"(
import asyncio, concurrent.futures, multiprocessing, os, shutil, socket, subprocess, tempfile, uuid
def square(x): return x * x
if __name__ == '__main__':
    with multiprocessing.Pool(2) as pool: print(pool.map(square, range(3)))
    with concurrent.futures.ThreadPoolExecutor(2) as pool: print(list(pool.map(square, range(3))))
    print(subprocess.run(['sh', '-c', 'echo piped | cat'], capture_output=True).stdout)
    async def child():
        process = await asyncio.create_subprocess_exec('true')
        return await process.wait()
    print(asyncio.run(child()))
    folder = tempfile.mkdtemp(); shutil.copy('main.py', folder); shutil.rmtree(folder)
    queue = multiprocessing.Queue(); queue.put(7); print(queue.get())
    socket.socket().close(); uuid.uuid4(); os.chmod('main.py', 0o600)
)"),
              "[0, 1, 4]\n[0, 1, 4]\nb'piped\\n'\n0\n7\n");
}

TEST(PolicyForNode, RunsWorkersProcessesAndFiles) {
  if (!has("/usr/bin/node")) GTEST_SKIP() << "node is not in /usr/bin: apt-get install nodejs";
  expect_runs("node", script("node", "main.mjs", R"(
import {Worker, isMainThread} from 'worker_threads'; import fs from 'fs'; import zlib from 'zlib';
import child from 'child_process'; import crypto from 'crypto'; import {fileURLToPath} from 'url';
if (isMainThread) {
  const worker = new Worker(fileURLToPath(import.meta.url));
  worker.on('exit', (code) => console.log('worker', code));
  fs.writeFileSync('o', 'x'); fs.copyFileSync('o', 'o2'); fs.chmodSync('o2', 0o600);
  fs.renameSync('o2', 'o3'); fs.rmSync('o3'); fs.watch('.').close();
  process.stdout.write(child.execSync('echo hi').toString());
  crypto.randomUUID(); zlib.gzipSync('x'.repeat(10000)); setTimeout(() => {}, 5);
}
)"),
              "hi\nworker 0\n");
}

TEST(PolicyForShell, RunsPipelinesJobsAndFileTools) {
  expect_runs("shell", script("bash", "main.sh", R"(set -e
for i in 2 1 3; do echo $i | sort | tr 1 9; done
find . -name '*.sh' | xargs wc -l > /dev/null; cp main.sh a; cp -a a b; mv b c; touch -d @0 c
chmod 600 c; ln -s c l; ln c h; mkfifo p; mkdir -p d/e; tar cf t.tar main.sh; gzip -f t.tar
sleep 0.01 & wait; awk 'BEGIN{print 6*7}'; sed s/a/b/ a > /dev/null; date > /dev/null
(exec true); du -s . > /dev/null; ls -la > /dev/null; id > /dev/null; timeout 5 true
mktemp > /dev/null
seq 1000 | sort -R | head -1 > /dev/null; rm -r a c l h p d t.tar.gz; trap 'echo bye' EXIT
)"),
              "2\n9\n3\n42\nbye\n");
}

TEST(PolicyForC, BuildsAndRuns) {
  if (!has("/usr/bin/gcc")) GTEST_SKIP() << "gcc is not in /usr/bin: apt-get install gcc";
  SandboxSpec spec = command({"sh", "-c", "gcc -O1 -pthread -o program main.c && ./program"});
  const std::string_view text = R"(
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
static void *work(void *value) { return value; }
int main(void) {
  pthread_t thread; void *got; int status;
  pthread_create(&thread, 0, work, "thread"); pthread_join(thread, &got);
  pid_t child = fork(); if (child == 0) _exit(3);
  waitpid(child, &status, 0); FILE *f = tmpfile(); fputs("x", f); fclose(f);
  printf("%s %d\n", (char *)got, WEXITSTATUS(status)); return 0;
}
)";
  spec.scripts.push_back({"main.c", Bytes(bytes_of(text).begin(), bytes_of(text).end())});
  expect_runs("c", std::move(spec), "thread 3\n");
}

TEST(StrictPolicy, RunsOneProgramThatComputes) {
  expect_runs("strict", script("python3", "main.py", R"(
import hashlib, json, os, threading
numbers = []
thread = threading.Thread(target=lambda: numbers.append(42)); thread.start(); thread.join()
open('out', 'w').write('x'); os.rename('out', 'kept'); os.mkdir('d'); os.listdir('.')
print(numbers, json.dumps(len(hashlib.sha256(open('kept', 'rb').read()).hexdigest())))
)"),
              "[42] 64\n");
}

// --- what they leave out ---

constexpr std::string_view ask_for_a_queue = R"(
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
print(libc.msgget(0x6d66, 0o1600) != -1, ctypes.get_errno())
)";

TEST(PolicyForPython, RefusesAndRecordsWhatNoPythonProgramNeeds) {
  const auto control = run(under("default", script("python3", "main.py", ask_for_a_queue)));
  EXPECT_EQ(stdout_of(control), "True 0\n") << "this test cannot fail";
  const auto report = run(under("python", script("python3", "main.py", ask_for_a_queue)));
  EXPECT_EQ(outcome_of(report), "exited 0");
  EXPECT_EQ(stdout_of(report), "False " + std::to_string(EPERM) + "\n");
  EXPECT_THAT(refused_calls(report), ElementsAre("msgget"));
}

// Refused by every policy; by these it is recorded as well.
TEST(PolicyForPython, RecordsAttemptsAtWhatEveryPolicyRefuses) {
  const auto report = run(under("python", script("python3", "main.py", R"(
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
print(libc.ptrace(0, 0, 0, 0), ctypes.get_errno())
)")));
  EXPECT_EQ(stdout_of(report), "-1 " + std::to_string(EPERM) + "\n");
  EXPECT_THAT(refused_calls(report), ElementsAre("ptrace"));
}

// A call that the file recorder would make is not made where the policy does not grant it.
TEST(PolicyForC, DoesNotConnect) {
  const auto report = run(under("c", python(R"(
import os, socket
for attempt in (lambda: socket.socket(), lambda: socket.socketpair()):
  try: attempt(); print('made')
  except PermissionError: print('refused')
)")));
  EXPECT_EQ(stdout_of(report), "refused\nrefused\n") << stderr_of(report);
  const auto refused = refused_calls(report);
  EXPECT_THAT(refused, Contains("socket"));
  EXPECT_THAT(refused, Contains("socketpair"));
}

TEST(PolicyForShell, MakesLocalSocketsOnly) {
  const auto report = run(under("shell", python(R"(
import socket
socket.socket(socket.AF_UNIX)
try: socket.socket(socket.AF_INET); print('made')
except PermissionError: print('refused')
)")));
  EXPECT_EQ(stdout_of(report), "refused\n") << stderr_of(report);
  EXPECT_THAT(refused_calls(report), Contains("socket"));
}

TEST(StrictPolicy, EndsAJobThatLeavesIt) {
  const auto fork = [](std::string_view policy) {
    return run(under(policy, python("import os\nif os.fork() == 0: os._exit(0)\n"
                                    "os.wait(); print('two')")));
  };
  EXPECT_EQ(stdout_of(fork("default")), "two\n") << "this test cannot fail";
  const auto report = fork("strict");
  EXPECT_THAT(outcome_of(report), testing::StartsWith("denied: system call "));
  EXPECT_EQ(stdout_of(report), "");
  for (const char* text : {"import os; os.symlink('a', 'b')", "import socket; socket.socket()",
                           "import os; os.kill(1, 0)", "import os; os.chmod('/work', 0o700)"}) {
    EXPECT_THAT(outcome_of(run(under("strict", python(text)))),
                testing::StartsWith("denied: system call "))
        << text;
  }
}

TEST(EveryPolicyInForce, SaysWhyAJobWasNotStarted) {
  for (const std::string_view policy : policy_names()) {
    EXPECT_THAT(outcome_of(run(under(policy, command({"no-such-program"})))),
                testing::StartsWith("not started: no-such-program: command not found"))
        << policy;
    SandboxSpec spec = command({"./broken"});
    const std::string_view text = "#!/no/interpreter\n";
    spec.scripts.push_back({"broken", Bytes(bytes_of(text).begin(), bytes_of(text).end())});
    EXPECT_THAT(outcome_of(run(under(policy, std::move(spec)))),
                testing::StartsWith("not started: ./broken: the interpreter it names"))
        << policy;
  }
}

TEST(EveryPolicyInForce, IsTheOneThatWasAskedFor) {
  for (const std::string_view policy : policy_names()) {
    const auto spec = under(policy, command({"true"}));
    const auto report = run(spec);
    const auto id = policy_in_use(spec);
    ASSERT_TRUE(id);
    EXPECT_EQ(outcome_of(report), "exited 0") << policy;
    EXPECT_EQ(report.policy_name, policy);
    EXPECT_EQ(report.policy_hash, id->hash);
    EXPECT_EQ(report.confinement.at("seccomp"),
              std::string(policy) + " " + crypto::to_text(id->hash));
  }
}

}  // namespace
}  // namespace mayfly::executor::test
