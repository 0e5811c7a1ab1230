// Ordinary programs do not notice the sandbox: neither the policy, nor that their files are opened
// for them. Each runs unchanged in a whole one.
#include <gtest/gtest.h>
#include <unistd.h>

#include <ostream>
#include <string>

#include "tests/executor/sandbox_run.hpp"

namespace mayfly::executor::test {
namespace {

struct Program {
  const char* what;
  const char* needs;  // skipped, loudly, without it
  const char* shell;  // run by /bin/sh -e in an empty directory
};

void PrintTo(const Program& program, std::ostream* out) {
  *out << program.what;
}

class OrdinaryProgram : public testing::TestWithParam<Program> {};

TEST_P(OrdinaryProgram, Runs) {
  const auto& program = GetParam();
  if (::access(program.needs, X_OK) != 0) GTEST_SKIP() << program.needs << " is not installed";
  SandboxSpec spec = command({"sh", "-e", "-c", program.shell});
  spec.limits.memory_bytes = std::int64_t{2} << 30;
  spec.limits.disk_bytes = std::int64_t{1} << 30;
  spec.limits.pids = 512;
  const RunReport report = run(spec);
  EXPECT_EQ(outcome_of(report), "exited 0") << stdout_of(report) << stderr_of(report);
  EXPECT_FALSE(report.files.events.empty());
}

constexpr const char* python = R"(python3 - <<'END'
import asyncio, multiprocessing, socket, sqlite3, subprocess, tempfile, threading
from multiprocessing import shared_memory
assert subprocess.run(['echo', 'hi'], capture_output=True).stdout == b'hi\n'
async def child(): return await (await asyncio.create_subprocess_exec('true')).wait()
assert asyncio.run(child()) == 0
server = socket.socket(socket.AF_UNIX); server.bind('socket'); server.listen()
client = socket.socket(socket.AF_UNIX); client.connect('socket'); client.close()
socket.if_nameindex()
sqlite3.connect('x.db').execute('create table t(a)')
done = []
thread = threading.Thread(target=done.append, args=(1,)); thread.start(); thread.join()
assert done == [1]
queue = multiprocessing.Queue()
process = multiprocessing.Process(target=queue.put, args=(2,)); process.start()
assert queue.get() == 2; process.join()
block = shared_memory.SharedMemory(create=True, size=64); block.close(); block.unlink()
END)";

constexpr const char* node = R"(node -e '
const { execSync } = require("child_process"), fs = require("fs"), os = require("os");
const { Worker } = require("worker_threads");
os.networkInterfaces(); os.cpus();
if (execSync("echo hi").toString() !== "hi\n") process.exit(1);
fs.promises.writeFile("x", "1").then(() => fs.promises.readFile("x"));
new Worker("1", { eval: true });')";

constexpr const char* java = R"(
cat > A.java <<'END'
public class A {
  public static void main(String[] arguments) throws Exception {
    Thread thread = new Thread(() -> System.out.println("ok"));
    thread.start();
    thread.join();
    System.exit(new ProcessBuilder("true").start().waitFor());
  }
}
END
javac A.java
java A)";

constexpr const char* c = R"(
cat > a.c <<'END'
#include <pthread.h>
static void *run(void *x) { return x; }
int main(void) { pthread_t t; return pthread_create(&t, 0, run, 0) || pthread_join(t, 0); }
END
gcc -O2 -flto a.c -o a && ./a
g++ -x c++ a.c -o b && ./b
printf 'all: a1 a2\na%%: a.c\n\tgcc $< -o $@\n' > Makefile
if command -v make; then make -j2; fi)";

constexpr const char* shell = R"(
for i in 1 2 3; do echo $i | cat; done | sort -r | head -1
mkdir d && mkfifo d/pipe && { echo x > d/pipe & } && cat d/pipe && wait
cp -a /etc/passwd d/copy && install -m 700 d/copy d/exe && ln -s copy d/link && touch -d @0 d/copy
tar cf d.tar d/copy && tar tf d.tar && gzip d.tar && zcat d.tar.gz | sha256sum
find . -type f | xargs -n1 -P2 stat -c %s && du -s . && df . && dd if=/dev/zero of=z bs=1M count=1
sh -c 'kill -TERM $$' || test $? = 143)";

constexpr const char* git = R"(
git init -q r && cd r && echo 1 > f && git add f
git -c user.name=a -c user.email=a@b.c commit -qm 1 && git gc -q && git fsck)";

INSTANTIATE_TEST_SUITE_P(
    ByName, OrdinaryProgram,
    testing::Values(
        Program{"Python", "/usr/bin/python3", python}, Program{"Node", "/usr/bin/node", node},
        Program{"Java", "/usr/bin/javac", java}, Program{"C", "/usr/bin/g++", c},
        Program{"Shell", "/bin/sh", shell},
        Program{"Bash", "/bin/bash", "bash -ec 'ulimit -a; diff <(ls) <(ls); coproc cat; kill %1'"},
        Program{"Git", "/usr/bin/git", git},
        Program{
            "Sqlite", "/usr/bin/sqlite3",
            "sqlite3 x.db 'pragma journal_mode=wal; create table t(a); insert into t values(1);'"},
        Program{"Go", "/usr/bin/go",
                "printf 'package main\\nfunc main() { go println(1) }\\n' > a.go\n"
                "GOTOOLCHAIN=local GOFLAGS=-mod=mod go build -o a a.go && ./a"},
        Program{"Rust", "/usr/bin/rustc",
                "echo 'fn main() { std::thread::spawn(|| 1).join().unwrap(); }' > a.rs\n"
                "rustc a.rs && ./a"},
        Program{"Perl", "/usr/bin/perl", "perl -e 'system(\"true\") == 0 or die; fork or exit'"},
        Program{"Jq", "/usr/bin/jq", "echo '{\"a\":1}' | jq .a"},
        Program{"File", "/usr/bin/file", "file /etc/passwd"}),
    [](const auto& test) { return std::string(test.param.what); });

}  // namespace
}  // namespace mayfly::executor::test
