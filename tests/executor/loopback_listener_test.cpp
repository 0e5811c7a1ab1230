// The one address a job may reach, when its run asked for one, and nothing beside it.
#include "executor/loopback_listener.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "sandbox_run.hpp"

namespace mayfly::executor {
namespace {

using test::outcome_of;
using test::python;
using test::run;
using test::stdout_of;
using testing::Contains;

constexpr std::uint16_t port = 8787;

// Answers each connection with one line, until nobody connects any more.
class Answerer {
 public:
  Runner::Watch watch() {
    Runner::Watch watch;
    watch.on_loopback_listener = [this](UniqueFd listener) -> Result<void> {
      thread_ = std::thread([listener = std::move(listener)] {
        constexpr int patience_ms = 20'000;
        pollfd waiting{listener.borrow(), POLLIN, 0};
        while (::poll(&waiting, 1, patience_ms) > 0) {
          const UniqueFd accepted(::accept4(listener.borrow(), nullptr, nullptr, SOCK_CLOEXEC));
          char asked[2] = {};
          if (!accepted || ::read(accepted.borrow(), asked, 2) <= 0) continue;
          static_cast<void>(!::write(accepted.borrow(), "hello\n", 6));
          if (asked[0] == 'q') return;
        }
      });
      return {};
    };
    return watch;
  }
  ~Answerer() {
    if (thread_.joinable()) thread_.join();
  }

 private:
  std::thread thread_;
};

RunReport run_with_listener(std::string_view script) {
  SandboxSpec spec = python(script);
  spec.loopback_port = port;
  Answerer answerer;
  return run(spec, nullptr, answerer.watch());
}

TEST(LoopbackListener, IsReachedFromTheJobAndAnsweredFromOutside) {
  const RunReport report = run_with_listener(R"(
import socket, select
for word in b'a', b'b':
  s = socket.create_connection(('127.0.0.1', 8787)); s.sendall(word)
  print(s.recv(9).decode().strip())
s = socket.socket(); s.setblocking(False); s.connect_ex(('127.0.0.1', 8787))
select.select([], [s], []); s.send(b'q'); select.select([s], [], [])
print(s.recv(9).decode().strip())
)");
  EXPECT_EQ(outcome_of(report), "exited 0");
  EXPECT_EQ(stdout_of(report), "hello\nhello\nhello\n");
  EXPECT_EQ(report.coverage.at("network"), "complete");
  EXPECT_THAT(report.confinement.at("network"), testing::HasSubstr("127.0.0.1:8787"));
  std::size_t connects = 0;
  for (const FileEvent& event : report.files.events) {
    if (event.call == FileCall::connect && event.path == "inet 127.0.0.1:8787") ++connects;
  }
  EXPECT_EQ(connects, 3U);
}

// Goal: the interface that is up adds this one address and no other. Method: every way of writing
// another one, TCP and UDP; and a listener of the job's own.
TEST(LoopbackListener, IsAllThatIsReached) {
  const RunReport report = run_with_listener(R"(
import errno, socket
own = socket.socket(); own.bind(('127.0.0.1', 9999)); own.listen()
for family, to in ((socket.AF_INET, ('127.0.0.1', 8786)), (socket.AF_INET, ('127.0.0.1', 9999)),
                   (socket.AF_INET, ('127.0.0.2', 8787)), (socket.AF_INET, ('0.0.0.0', 8787)),
                   (socket.AF_INET, ('192.0.2.1', 8787)), (socket.AF_INET6, ('::1', 8787)),
                   (socket.AF_INET6, ('::ffff:127.0.0.1', 8787))):
  for kind in socket.SOCK_STREAM, socket.SOCK_DGRAM:
    s = socket.socket(family, kind); s.settimeout(5)
    print(errno.errorcode[s.connect_ex(to)])
s = socket.socket()
try: s.bind(('127.0.0.1', 8787)); print('bound')
except OSError as error: print(errno.errorcode[error.errno])
s = socket.create_connection(('127.0.0.1', 8787)); s.sendall(b'q'); s.recv(9)
)");
  EXPECT_EQ(outcome_of(report), "exited 0");
  std::string expected;
  for (int i = 0; i < 14; ++i) expected += "ENETUNREACH\n";
  EXPECT_EQ(stdout_of(report), expected + "EADDRINUSE\n");
}

// Where the interface is up, only the recorder stands between a job and what asks for no
// connection.
TEST(LoopbackListener, IsNotReachedByADatagramOrByTcpFastOpen) {
  const RunReport report = run_with_listener(R"(
import errno, socket
fast_open = 0x20000000
own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); own.bind(('127.0.0.1', 9999))
for kind, flags, to in ((socket.SOCK_DGRAM, 0, 9999), (socket.SOCK_STREAM, fast_open, 8787)):
  s = socket.socket(socket.AF_INET, kind)
  try: s.sendto(b'q', flags, ('127.0.0.1', to)); print('sent')
  except OSError as error: print(errno.errorcode[error.errno])
s = socket.socket()
try: s.sendmsg([b'q'], [], fast_open, ('127.0.0.1', 8787)); print('sent')
except OSError as error: print(errno.errorcode[error.errno])
s = socket.create_connection(('127.0.0.1', 8787)); s.sendall(b'q'); s.recv(9)
)");
  EXPECT_EQ(outcome_of(report), "exited 0");
  EXPECT_EQ(stdout_of(report), "ENETUNREACH\nEPERM\nEPERM\n");
  EXPECT_TRUE(std::ranges::any_of(report.files.events, [](const FileEvent& event) {
    return event.call == FileCall::send && event.path == "inet 127.0.0.1:9999";
  }));
}

TEST(LoopbackListener, IsNoDescriptorOfTheJobOrItsParent) {
  const RunReport report = run_with_listener(R"(
import os, socket
for pid in 'self', '1':
  for fd in os.listdir(f'/proc/{pid}/fd'):
    try: target = os.readlink(f'/proc/{pid}/fd/{fd}')
    except OSError: continue
    if target.startswith('socket:'): print(pid, fd, target)
s = socket.create_connection(('127.0.0.1', 8787)); s.sendall(b'q'); s.recv(9)
)");
  EXPECT_EQ(outcome_of(report), "exited 0");
  EXPECT_EQ(stdout_of(report), "");
}

TEST(LoopbackListener, WithoutItTheInterfaceIsDown) {
  const RunReport report = run(
      python("import errno, socket\nprint(errno.errorcode[socket.socket().connect_ex(('127.0.0.1', "
             "8787))])"));
  EXPECT_EQ(stdout_of(report), "ENETUNREACH\n");
  EXPECT_EQ(report.coverage.at("network"), "blocked");
}

TEST(LoopbackListener, AnErrorOfWhoTakesItEndsTheRun) {
  SandboxSpec spec = python("print(1)");
  spec.loopback_port = port;
  Runner::Watch watch;
  watch.on_loopback_listener = [](UniqueFd) -> Result<void> {
    return fail(ErrorCode::unavailable, "nobody answers");
  };
  const auto report = test::runner().run(spec, nullptr, watch);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().message(), "nobody answers");
  EXPECT_FALSE(test::runner().run(spec, nullptr, {}));
}

}  // namespace
}  // namespace mayfly::executor
