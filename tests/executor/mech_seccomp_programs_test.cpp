// Ordinary programs do not notice the default policy. Each runs in a child under the filter.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/file_io.hpp"
#include "executor/seccomp_policy.hpp"
#include "tests/executor/mech_child.hpp"
#include "tests/support/temp_dir.hpp"

namespace mayfly::executor {
namespace {

struct Program {
  const char* what;
  const char* needs;  // skipped, loudly, without it
  const char* shell;  // run by /bin/sh -e in an empty directory
};

void PrintTo(const Program& program, std::ostream* out) {
  *out << program.what;
}

class ProgramUnderPolicy : public testing::TestWithParam<Program> {};

TEST_P(ProgramUnderPolicy, Runs) {
  const auto& program = GetParam();
  if (::access(program.needs, X_OK) != 0) GTEST_SKIP() << program.needs << " is not installed";
  const auto policy = compile_default_policy();
  ASSERT_TRUE(policy) << policy.error().message();
  const test::TempDir dir;
  const std::string home = "HOME=" + dir.path().string();
  const auto status = test::run_in_child([&] {
    const int log = ::open((dir.path() / "log").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (::chdir(dir.path().c_str()) != 0 || ::dup2(log, 1) < 0 || ::dup2(log, 2) < 0) return 251;
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || !install(*policy)) return 252;
    const char* argv[] = {"sh", "-e", "-c", program.shell, nullptr};
    const char* environment[] = {"PATH=/usr/bin:/bin", home.c_str(), "LC_ALL=C.UTF-8", nullptr};
    ::execve("/bin/sh", const_cast<char**>(argv), const_cast<char**>(environment));
    return 253;
  });
  const auto log = read_file(dir.path() / "log", 1 << 20);
  EXPECT_EQ(status.exit_code, 0) << "signal " << status.signal << "\n"
                                 << (log ? text_of(*log) : "");
}

constexpr const char* python = R"(python3 - <<'END'
import asyncio, multiprocessing, socket, sqlite3, subprocess, tempfile, threading
from multiprocessing import shared_memory
assert subprocess.run(['echo', 'hi'], capture_output=True).stdout == b'hi\n'
async def child(): return await (await asyncio.create_subprocess_exec('true')).wait()
assert asyncio.run(child()) == 0
server = socket.create_server(('127.0.0.1', 0))
socket.create_connection(server.getsockname()).close()
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
    java.net.NetworkInterface.getNetworkInterfaces();
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
    ByName, ProgramUnderPolicy,
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
}  // namespace mayfly::executor
