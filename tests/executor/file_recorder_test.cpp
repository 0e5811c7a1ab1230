// The record of files and addresses: complete, exact, and made of what the kernel opened.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <string>
#include <vector>

#include "tests/executor/sandbox_run.hpp"

namespace mayfly::executor::test {
namespace {

using testing::Contains;
using testing::Not;

std::string_view name_of(FileCall call) {
  using enum FileCall;
  switch (call) {
    case read: return "read";
    case write: return "write";
    case create: return "create";
    case make_directory: return "mkdir";
    case make_node: return "mknod";
    case remove: return "remove";
    case rename: return "rename";
    case link: return "link";
    case symlink: return "symlink";
    case truncate: return "truncate";
    case connect: return "connect";
    case bind: return "bind";
    case refuse: return "refuse";
    case send: return "send";
    case execute: return "execute";
  }
  return "?";
}

// "create /work/a", "rename /work/a -> /work/b", "read /work/none: 2".
std::string text_of_event(const FileEvent& event) {
  std::string text = std::string(name_of(event.call)) + " " + event.path;
  if (!event.second.empty()) text += " -> " + event.second;
  if (event.error != 0) text += ": " + std::to_string(event.error);
  return text;
}

// What is not the start of the interpreter itself.
std::vector<std::string> own_events(const RunReport& report) {
  std::vector<std::string> out;
  for (const FileEvent& event : report.files.events) {
    const bool image = event.path.starts_with("/usr/") || event.path.starts_with("/etc/");
    if (!image) out.push_back(text_of_event(event));
  }
  return out;
}

std::vector<std::string> events_of(std::string_view script) {
  SandboxSpec spec =
      python("import os, socket, sys, threading, time, stat\n" + std::string(script));
  const RunReport report = run(spec);
  EXPECT_EQ(outcome_of(report), "exited 0") << stderr_of(report);
  return own_events(report);
}

// Runs assertions of the job's own; the record is beside the point.
void expect_holds(std::string_view script) {
  SandboxSpec spec = python("import os, socket, sys, threading, time, stat, errno\n" +
                            std::string(script) + "\nprint('held')");
  const RunReport report = run(spec);
  EXPECT_EQ(stdout_of(report), "held\n") << outcome_of(report) << "\n" << stderr_of(report);
}

TEST(FileRecorder, NamesEveryKindOfCall) {
  const auto events = events_of(R"(
open('a', 'w').close(); open('a').close(); open('a', 'r+').close()
os.mkdir('d'); os.rename('a', 'd/b'); os.link('d/b', 'c'); os.symlink('c', 'l')
os.truncate('c', 5); os.mkfifo('p'); os.unlink('l'); os.rmdir('/work/none') if 0 else None
)");
  for (const char* wanted :
       {"create /work/a", "read /work/a", "write /work/a", "mkdir /work/d",
        "rename /work/a -> /work/d/b", "link /work/d/b -> /work/c", "symlink /work/l -> c",
        "truncate /work/c", "mknod /work/p", "remove /work/l"}) {
    EXPECT_THAT(events, Contains(wanted));
  }
}

TEST(FileRecorder, NamesWhatWasOpenedNotWhatWasSaid) {
  const auto events = events_of(R"(
os.mkdir('d'); open('d/real', 'w').close(); os.symlink('/work/d/real', 'link')
open('link').close(); open('./d/../d//real').close()
fd = os.open('d', os.O_RDONLY)
open('real', opener=lambda p, f: os.open(p, f, dir_fd=fd)).close()
os.chdir('d'); open('real').close()
os.open(b'/proc/self/cwd/real', 0)
)");
  EXPECT_EQ(std::ranges::count(events, "read /work/d/real"), 5) << testing::PrintToString(events);
  EXPECT_THAT(events, Not(Contains("read /work/link")));
}

TEST(FileRecorder, WritesDownAttemptsAndDenials) {
  const auto events = events_of(R"(
def attempt(f):
  try: f()
  except OSError: pass
attempt(lambda: open('none')); attempt(lambda: open('/usr/bin/new', 'w'))
attempt(lambda: os.unlink('/usr/bin/env')); attempt(lambda: os.mkdir('/work/x/y'))
)");
  EXPECT_THAT(events, Contains("read /work/none: " + std::to_string(ENOENT)));
  EXPECT_THAT(events, Contains("mkdir : " + std::to_string(ENOENT)));
  const RunReport report =
      run(python("import os\nfor f in (lambda: open('/usr/bin/new', 'w'), lambda: "
                 "os.unlink('/usr/bin/env')):\n"
                 "  try: f()\n  except OSError: pass"));
  std::vector<std::string> all;
  for (const FileEvent& event : report.files.events) all.push_back(text_of_event(event));
  EXPECT_THAT(all, Contains("create /usr/bin/new: " + std::to_string(EROFS)));
  EXPECT_THAT(all, Contains("remove /usr/bin/env: " + std::to_string(EROFS)));
}

TEST(FileRecorder, WritesDownAddresses) {
  const auto events = events_of(R"(
def attempt(kind, how, to):
  s = socket.socket(kind, how)
  try: s.connect(to)
  except OSError: pass
attempt(socket.AF_INET, socket.SOCK_STREAM, ('192.0.2.1', 80))
attempt(socket.AF_INET, socket.SOCK_DGRAM, ('8.8.8.8', 53))
attempt(socket.AF_INET6, socket.SOCK_STREAM, ('2001:db8::1', 443))
attempt(socket.AF_UNIX, socket.SOCK_STREAM, '\0hidden')
s = socket.socket(socket.AF_UNIX); s.bind('s')
)");
  const std::string unreachable = ": " + std::to_string(ENETUNREACH);
  EXPECT_THAT(events, Contains("connect inet 192.0.2.1:80" + unreachable));
  EXPECT_THAT(events, Contains("connect inet 8.8.8.8:53" + unreachable));
  EXPECT_THAT(events, Contains(testing::StartsWith("connect inet6 [2001:db8::1]:443: ")));
  EXPECT_THAT(events, Contains("connect unix @hidden: " + std::to_string(ECONNREFUSED)));
  EXPECT_THAT(events, Contains("bind unix /work/s"));
}

TEST(FileRecorder, WritesDownAndRefusesDatagramsToAnAddress) {
  const auto events = events_of(R"(
def attempt(kind, to):
  s = socket.socket(kind, socket.SOCK_DGRAM)
  try: s.sendto(b'x', to); print('sent')
  except OSError as error: pass
attempt(socket.AF_INET, ('192.0.2.1', 53)); attempt(socket.AF_INET6, ('2001:db8::1', 53))
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
unspecified = b'\0\0\0\x35\xc0\0\x02\x01' + b'\0' * 8  # the kernel takes it for AF_INET
assert libc.sendto(s.fileno(), b'x', 1, 0, unspecified, 16) == -1
)");
  const std::string unreachable = ": " + std::to_string(ENETUNREACH);
  EXPECT_THAT(events, Contains("send inet 192.0.2.1:53" + unreachable));
  EXPECT_THAT(events, Contains("send inet6 [2001:db8::1]:53" + unreachable));
  EXPECT_THAT(events, Contains("send family 0" + unreachable));
}

TEST(FileRecorder, SendsDatagramsToLocalSockets) {
  const auto events = events_of(R"(
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); receiver.bind('/work/r')
sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
assert sender.sendto(b'through', '/work/r') == 7 and receiver.recv(20) == b'through'
os.chdir('/tmp')
assert sender.sendto(b'again', '../work/r') == 5 and receiver.recv(20) == b'again'
try: sender.sendto(b'x', '/work/none'); assert False
except FileNotFoundError: pass
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); receiver.bind('\0abstract')
assert sender.sendto(b'x', '\0abstract') == 1 and receiver.recv(2) == b'x'
waiting = []
def fill():
  for i in range(2000): sender.sendto(b'y' * 1000, '\0abstract')
thread = threading.Thread(target=fill); thread.start(); time.sleep(0.1)
assert sum(len(receiver.recv(1000)) for _ in range(2000)) == 2000 * 1000; thread.join()
)");
  EXPECT_EQ(std::ranges::count(events, "send unix /work/r"), 2);
  EXPECT_THAT(events, Contains("send unix @abstract"));
}

TEST(FileRecorder, KnowsADatasetFileByItsName) {
  const intake::Dataset dataset = dataset_of("dataset.csv", "a,b\n");
  const RunReport report = run(shell("cat /data/dataset.csv"), &dataset);
  EXPECT_EQ(stdout_of(report), "a,b\n");
  EXPECT_THAT(own_events(report), Contains("read /data/dataset.csv"));
}

TEST(FileRecorder, HashesEveryFileOfTheImageThatWasOpened) {
  const RunReport report =
      run(shell("sha256sum /usr/share/common-licenses/Apache-2.0 && "
                "sha256sum /lib64/ld-linux-x86-64.so.2 2>/dev/null || true"));
  const std::string printed = stdout_of(report);
  std::map<std::string, std::string> used;
  for (const ImageFile& file : report.files.image_files) {
    used[file.path] = crypto::to_text(file.digest);
  }
  EXPECT_TRUE(std::ranges::any_of(
      used, [](const auto& file) { return file.first.find("libc.so") != std::string::npos; }));
  EXPECT_TRUE(std::ranges::any_of(used, [](const auto& file) {
    return file.first.find("ld-linux") != std::string::npos;
  })) << "the ELF interpreter, which no call names";
  ASSERT_TRUE(used.contains("/usr/share/common-licenses/Apache-2.0"));
  EXPECT_EQ(used["/usr/share/common-licenses/Apache-2.0"], "sha256:" + printed.substr(0, 64));
}

// --- what programs expect of the calls ---

TEST(OpenForAJob, UsesItsWorkingDirectoryItsDescriptorsAndItsUmask) {
  expect_holds(R"(
os.mkdir('d', 0o777); assert os.stat('d').st_mode & 0o777 == 0o755
os.umask(0o077); open('x', 'w').close(); assert os.stat('x').st_mode & 0o777 == 0o600
os.umask(0); os.mkdir('e', 0o777); assert os.stat('e').st_mode & 0o777 == 0o777
fd = os.open('d', os.O_RDONLY | os.O_DIRECTORY)
os.close(os.open('y', os.O_CREAT | os.O_WRONLY, 0o640, dir_fd=fd)); os.stat('d/y')
os.rename('d', 'moved'); os.close(os.open('y', os.O_RDONLY, dir_fd=fd))
os.chdir('moved'); open('y').close(); os.mkdir('sub'); os.chdir('sub'); os.rmdir('../sub')
try: open('gone', 'w'); assert False
except FileNotFoundError: pass
for bad in (999, -5):
  try: os.open('y', 0, dir_fd=bad); assert False
  except OSError as error: assert error.errno == errno.EBADF, error
try: os.open('y', 0, dir_fd=os.open('/work/x', 0)); assert False
except NotADirectoryError: pass
)");
}

TEST(OpenForAJob, HonoursItsFlags) {
  expect_holds(R"(
import fcntl
fd = os.open('a', os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC)
assert fcntl.fcntl(fd, fcntl.F_GETFD) == fcntl.FD_CLOEXEC
assert not fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_NONBLOCK
fd = os.open('a', os.O_RDONLY | os.O_NONBLOCK)
assert fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_NONBLOCK
try: os.open('a', os.O_CREAT | os.O_EXCL); assert False
except FileExistsError: pass
os.write(os.open('a', os.O_WRONLY | os.O_APPEND), b'12')
os.write(os.open('a', os.O_WRONLY | os.O_APPEND), b'34')
assert open('a').read() == '1234'
os.close(os.open('a', os.O_WRONLY | os.O_TRUNC)); assert os.stat('a').st_size == 0
os.symlink('a', 'l')
try: os.open('l', os.O_RDONLY | os.O_NOFOLLOW); assert False
except OSError as error: assert error.errno == errno.ELOOP
fd = os.open('l', os.O_PATH | os.O_NOFOLLOW); assert stat.S_ISLNK(os.fstat(fd).st_mode)
fd = os.open('a', os.O_PATH)
try: os.read(fd, 1); assert False
except OSError as error: assert error.errno == errno.EBADF
try: os.open('a', os.O_DIRECTORY); assert False
except NotADirectoryError: pass
fd = os.open('/work', os.O_TMPFILE | os.O_RDWR, 0o600); os.write(fd, b'x')
os.link('/proc/self/fd/%d' % fd, 'named', dst_dir_fd=os.open('/work', 0))
assert open('named').read() == 'x'
os.symlink('loop', 'loop')
try: open('loop'); assert False
except OSError as error: assert error.errno == errno.ELOOP
try: open('x' * 300, 'w'); assert False
except OSError as error: assert error.errno == errno.ENAMETOOLONG
try: open('y/' * 2100); assert False
except OSError as error: assert error.errno == errno.ENAMETOOLONG
deep = 'd' * 200
for _ in range(25): os.mkdir(deep); os.chdir(deep)
open('bottom', 'w').close(); open('bottom').close()
)");
}

TEST(OpenForAJob, KnowsWhoItselfIs) {
  expect_holds(R"(
me = str(os.getpid())
assert open('/proc/self/stat').read().split()[0] == me
assert os.readlink('/proc/self') == me
assert me in open('/proc/self/status').read()
assert open('/proc/thread-self/comm').read() == open('/proc/%s/comm' % me).read()
r, w = os.pipe(); os.write(w, b'through')
assert os.read(os.open('/dev/fd/%d' % r, os.O_RDONLY), 7) == b'through'
print('to stdout', file=open('/dev/stdout', 'w')) if 0 else open('/dev/stdout', 'w').close()
os.symlink('/proc/self', 'self'); assert me in open('self/status').read()
assert len(os.listdir('/proc/self/fd')) >= 3
assert '/work' in open('/proc/mounts').read() and 'lo' in open('/proc/net/dev').read()
assert open('/proc/self/cwd/../etc/hostname').read() == 'sandbox\n'
seen = []
def thread():
  seen.append(open('/proc/thread-self/stat').read().split()[0])
t = threading.Thread(target=thread); t.start(); t.join()
assert seen[0] != me and seen[0].isdigit()
child = os.fork()
if child == 0:
  os._exit(0 if open('/proc/self/stat').read().split()[0] == str(os.getpid()) else 1)
assert os.waitpid(child, 0)[1] == 0
)");
}

TEST(OpenForAJob, WaitsForTheOtherEndOfANamedPipe) {
  expect_holds(R"(
os.mkfifo('p')
got = []
def reader(): got.append(open('p').read())
threads = [threading.Thread(target=reader)]
threads[0].start(); time.sleep(0.2); assert not got
open('other', 'w').close()  # others go on meanwhile
f = open('p', 'w'); f.write('through'); f.close(); threads[0].join()
assert got == ['through']
try: os.open('p', os.O_WRONLY | os.O_NONBLOCK); assert False
except OSError as error: assert error.errno == errno.ENXIO
os.close(os.open('p', os.O_RDONLY | os.O_NONBLOCK))
os.close(os.open('p', os.O_RDWR))
)");
}

TEST(OpenForAJob, ConnectsAndBindsUnixSockets) {
  expect_holds(R"(
os.mkdir('d'); os.chdir('d')
server = socket.socket(socket.AF_UNIX); server.bind('s'); server.listen(1)
os.umask(0o077)
clients = []
def connect():
  c = socket.socket(socket.AF_UNIX); c.connect('/work/d/s'); clients.append(c)
threads = [threading.Thread(target=connect) for _ in range(8)]
for t in threads: t.start()
for _ in threads: server.accept()[0].send(b'x')
for t in threads: t.join()
assert all(c.recv(1) == b'x' for c in clients)
c = socket.socket(socket.AF_UNIX); c.setblocking(False)
assert c.connect_ex('s') in (0, errno.EAGAIN)
c = socket.socket(socket.AF_UNIX); assert c.connect_ex('none') == errno.ENOENT
server = socket.socket(socket.AF_UNIX); server.bind('\0abstract'); server.listen()
c = socket.socket(socket.AF_UNIX); c.connect('\0abstract')
try: socket.socket(socket.AF_UNIX).bind('s'); assert False
except OSError as error: assert error.errno == errno.EADDRINUSE
assert stat.S_ISSOCK(os.stat('s').st_mode)
)");
}

TEST(OpenForAJob, SaysWhatTheKernelSays) {
  expect_holds(R"(
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
def fails(result, wanted): assert result == -1 and ctypes.get_errno() == wanted, ctypes.get_errno()
fails(libc.open(ctypes.c_void_p(8), 0), errno.EFAULT)
fails(libc.open(b'', 0), errno.ENOENT)
fails(libc.unlink(b'/'), errno.EISDIR)
fails(libc.rmdir(b'.'), errno.EINVAL)
fails(libc.rmdir(b'/work/..'), errno.ENOTEMPTY)
fails(libc.rename(b'none', b'x'), errno.ENOENT)
fails(libc.truncate(b'/work', 1), errno.EISDIR)
assert libc.truncate(b'/usr/bin/env', 1) == -1
fails(libc.mkdir(b'/work', 0o700), errno.EEXIST)
fails(libc.linkat(-100, b'none', -100, b'x', 0), errno.ENOENT)
fails(libc.connect(999, ctypes.c_void_p(8), 16), errno.EBADF)
fails(libc.connect(0, b'\0' * 16, 16), errno.ENOTSOCK)
os.mkdir('slash/'); os.rmdir('slash/'); open('f', 'w').close()
fails(libc.open(b'f/', 0), errno.ENOTDIR)
fails(libc.unlink(b'f/'), errno.ENOTDIR)
)");
}

// Nobody else holds what a job has opened, not even for a moment: it can execute what it has just
// written, and a lock is gone when it closes it.
TEST(OpenForAJob, IsTheOnlyHolderOfWhatItOpened) {
  expect_holds(R"(
import fcntl, shutil, subprocess
for i in range(100):
  shutil.copy('/bin/true', 'copy%d' % i); assert subprocess.call(['./copy%d' % i]) == 0
open('lock', 'w').close()
for i in range(2000):
  fd = os.open('lock', os.O_RDONLY); fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB); os.close(fd)
)");
}

TEST(OpenForAJob, RespectsTheDescriptorLimit) {
  SandboxSpec spec = python(
      "import os, errno\n"
      "try:\n  while True: os.open('/work', os.O_RDONLY)\n"
      "except OSError as error: print(errno.errorcode[error.errno])");
  spec.limits.open_files = 20;
  EXPECT_EQ(stdout_of(run(spec)), "EMFILE\n");
}

// Goal: a signal handler that keeps interrupting does not make a call happen twice. Method: create
// with O_EXCL under a storm of alarms; a second try would find the file of the first.
TEST(OpenForAJob, IsMadeOnceUnderAStormOfSignals) {
  expect_holds(R"(
import signal
signal.signal(signal.SIGALRM, lambda *_: None)
signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
for i in range(3000):
  os.close(os.open('f%d' % i, os.O_CREAT | os.O_EXCL | os.O_WRONLY)); os.mkdir('d%d' % i)
signal.setitimer(signal.ITIMER_REAL, 0)
)");
}

// --- what a hostile job tries ---

// The job prints how often it got each of two files, by inode; the record must say the same.
void expect_exact_record(std::string_view attack, const std::string& first,
                         const std::string& second) {
  SandboxSpec spec = helper({std::string(attack), "10000"});
  spec.limits.wall_ms = 120'000;
  const RunReport report = run(spec);
  ASSERT_EQ(outcome_of(report), "exited 0") << stderr_of(report);
  std::map<std::string, int> recorded;
  for (const FileEvent& event : report.files.events) {
    if (event.call == FileCall::read && event.error == 0) ++recorded[event.path];
  }
  EXPECT_EQ(stdout_of(report),
            std::to_string(recorded[first]) + " " + std::to_string(recorded[second]) + "\n");
  EXPECT_GT(recorded[first], 0);
  EXPECT_GT(recorded[second], 0) << "the race never happened: this test cannot fail";
}

// Goal: the record cannot be forged by changing a path while it is read. Method: one thread flips
// the bytes of the path between two files, another opens it.
TEST(ForgedRecord, APathThatChangesWhileItIsReadIsRecordedAsWhatWasOpened) {
  expect_exact_record("race-path", "/work/aaaa", "/work/bbbb");
}

// The same with a link in the middle of a path that is exchanged with another.
TEST(ForgedRecord, ADirectoryThatIsExchangedIsRecordedAsWhatWasOpened) {
  expect_exact_record("race-parent", "/work/d1/f", "/work/d2/f");
}

TEST(ForgedRecord, NoCallIsMissedInAStormOfProcesses) {
  SandboxSpec spec = helper({"open-storm", "8", "500"});
  const RunReport report = run(spec);
  ASSERT_EQ(outcome_of(report), "exited 0") << stderr_of(report);
  std::map<std::string, int> recorded;
  for (const FileEvent& event : report.files.events) {
    if (event.call == FileCall::create && event.error == 0) ++recorded[event.path];
  }
  int seen = 0;
  for (const auto& [path, count] : recorded) {
    if (path.starts_with("/work/storm-")) {
      EXPECT_EQ(count, 1) << path;
      ++seen;
    }
  }
  EXPECT_EQ(seen, 8 * 500);
}

TEST(ForgedRecord, AListenerOfTheJobsOwnIsRefused) {
  EXPECT_EQ(stdout_of(run(helper({"second-listener"}))), "EPERM\n");
}

// A job's own filter can make its calls fail; it cannot make them unseen.
TEST(ForgedRecord, AFilterOfTheJobsOwnHidesNothing) {
  const RunReport report = run(helper({"own-filter"}));
  ASSERT_EQ(outcome_of(report), "exited 0") << stderr_of(report);
  EXPECT_EQ(stdout_of(report), "opened\n");
  EXPECT_THAT(own_events(report), Contains("create /work/under-own-filter"));
}

TEST(ForgedRecord, TheRecorderIsOutOfReach) {
  const RunReport report =
      run(python("import os\n"
                 "names = [open('/proc/%s/comm' % pid).read() for pid in os.listdir('/proc') if "
                 "pid.isdigit()]\n"
                 "print(any('recorder' in name for name in names))"));
  EXPECT_EQ(stdout_of(report), "False\n");
}

}  // namespace
}  // namespace mayfly::executor::test
