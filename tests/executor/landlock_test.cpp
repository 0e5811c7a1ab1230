// Landlock, as the kernel enforces it: each thing is tried in a child, once outside of a domain,
// where it works, and once inside of one.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <functional>
#include <string>

#include "base/file_io.hpp"
#include "executor/landlock.hpp"
#include "tests/executor/mech_child.hpp"
#include "tests/executor/sandbox_run.hpp"

namespace mayfly::executor {
namespace {

using mayfly::test::run_in_child;
using Use = LandlockPlace::Use;

int errno_of(bool done) {
  return done ? 0 : errno;
}

int open_errno(const std::string& path, int flags) {
  const UniqueFd fd(::open(path.c_str(), flags | O_CLOEXEC, 0755));
  return errno_of(fd ? true : false);
}

class Landlock : public testing::Test {
 protected:
  void SetUp() override {
    const auto abi = landlock_abi();
    ASSERT_TRUE(abi) << abi.error().message();
    abi_ = *abi;
    if (abi_.version == 0) GTEST_SKIP() << "this kernel has no Landlock: see mayfly doctor";
    char name[] = "/tmp/mayfly-landlock-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    folder_ = name;
    for (const char* part : {"read", "execute", "scratch", "other"}) {
      ASSERT_EQ(::mkdir((folder_ + "/" + part).c_str(), 0755), 0);
      std::filesystem::copy_file("/bin/true", folder_ + "/" + part + "/program");
    }
    read_ = folder_ + "/read";
    execute_ = folder_ + "/execute";
    scratch_ = folder_ + "/scratch";
    places_ = {LandlockPlace{"/usr", Use::execute},
               LandlockPlace{"/bin", Use::execute},
               LandlockPlace{"/lib", Use::execute},
               LandlockPlace{"/lib64", Use::execute},
               LandlockPlace{"/etc", Use::read},
               LandlockPlace{"/dev/null", Use::device},
               LandlockPlace{read_.c_str(), Use::read},
               LandlockPlace{execute_.c_str(), Use::execute},
               LandlockPlace{scratch_.c_str(), Use::scratch}};
  }
  void TearDown() override {
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }

  // The errno of `attempt`: first as it is, then in the domain.
  std::pair<int, int> outside_and_inside(const std::function<int()>& attempt) const {
    const auto outside = run_in_child(attempt);
    const auto inside = run_in_child([&] {
      if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return 254;
      return enter_landlock(abi_, places_) ? attempt() : 255;
    });
    return {outside.exit_code, inside.exit_code};
  }
  std::string path(const std::string& name) const { return folder_ + "/" + name; }

  LandlockAbi abi_;
  std::string folder_, read_, execute_, scratch_;
  std::vector<LandlockPlace> places_;
};

using Both = std::pair<int, int>;

TEST_F(Landlock, ReadsWhatIsGivenAndNothingElse) {
  const auto reading = [&](const std::string& file) {
    return outside_and_inside([&] { return open_errno(path(file), O_RDONLY); });
  };
  EXPECT_EQ(reading("read/program"), (Both{0, 0}));
  EXPECT_EQ(reading("execute/program"), (Both{0, 0}));
  EXPECT_EQ(reading("scratch/program"), (Both{0, 0}));
  EXPECT_EQ(reading("other/program"), (Both{0, EACCES}));
  EXPECT_EQ(reading("other"), (Both{0, EACCES}));
}

TEST_F(Landlock, ExecutesOnlyWhatIsThereToBeExecuted) {
  const auto executing = [&](const std::string& file) {
    return outside_and_inside([&] {
      const std::string program = path(file);
      char* const arguments[] = {const_cast<char*>(program.c_str()), nullptr};
      ::execv(program.c_str(), arguments);
      return errno;
    });
  };
  EXPECT_EQ(executing("execute/program"), (Both{0, 0}));
  EXPECT_EQ(executing("scratch/program"), (Both{0, 0}));
  EXPECT_EQ(executing("read/program"), (Both{0, EACCES}));
  EXPECT_EQ(executing("other/program"), (Both{0, EACCES}));
}

TEST_F(Landlock, WritesOnlyTheScratch) {
  const auto writing = [&](const std::string& file) {
    return outside_and_inside([&] { return open_errno(path(file), O_WRONLY | O_CREAT); });
  };
  EXPECT_EQ(writing("scratch/new"), (Both{0, 0}));
  EXPECT_EQ(writing("read/new"), (Both{0, EACCES}));
  EXPECT_EQ(writing("execute/program"), (Both{0, EACCES}));
  const auto making = [&](const std::string& name) {
    return outside_and_inside([&] {
      return errno_of(::mkdir(path(name).c_str(), 0755) == 0 && ::rmdir(path(name).c_str()) == 0);
    });
  };
  EXPECT_EQ(making("scratch/folder"), (Both{0, 0}));
  EXPECT_EQ(making("read/folder"), (Both{0, EACCES}));
}

TEST_F(Landlock, TruncatesAndMovesOnlyInTheScratch) {
  if (abi_.version >= 3) {
    EXPECT_EQ(outside_and_inside(
                  [&] { return errno_of(::truncate(path("read/program").c_str(), 5) == 0); }),
              (Both{0, EACCES}));
    EXPECT_EQ(outside_and_inside(
                  [&] { return errno_of(::truncate(path("scratch/program").c_str(), 5) == 0); }),
              (Both{0, 0}));
  }
  const auto removing = outside_and_inside([&] {
    return errno_of(::link(path("other/program").c_str(), path("other/second").c_str()) == 0 &&
                    ::unlink(path("other/second").c_str()) == 0);
  });
  EXPECT_EQ(removing, (Both{0, EACCES}));
}

TEST_F(Landlock, MakesNoDeviceEvenInTheScratch) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root may make one at all";
  const auto making = outside_and_inside([&] {
    const std::string node = path("scratch/null");
    return errno_of(::mknod(node.c_str(), S_IFCHR | 0600, 0x103) == 0 &&
                    ::unlink(node.c_str()) == 0);
  });
  EXPECT_EQ(making, (Both{0, EACCES}));
}

TEST_F(Landlock, BindsAndConnectsToNoPort) {
  if (abi_.version < 4) GTEST_SKIP() << "TCP needs Landlock ABI 4";
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  const auto binding = outside_and_inside([&] {
    const UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    return errno_of(::bind(socket.borrow(), generic, size) == 0);
  });
  EXPECT_EQ(binding, (Both{0, EACCES}));
  const UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::bind(listener.borrow(), generic, size), 0);
  ASSERT_EQ(::listen(listener.borrow(), 4), 0);
  ASSERT_EQ(::getsockname(listener.borrow(), generic, &size), 0);
  const auto connecting = outside_and_inside([&] {
    const UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    return errno_of(::connect(socket.borrow(), generic, size) == 0);
  });
  EXPECT_EQ(connecting, (Both{0, EACCES}));
}

TEST_F(Landlock, ReachesNoAbstractSocketAndNoProcessOfAnybodyOutside) {
  if (abi_.version < 6) GTEST_SKIP() << "scopes need Landlock ABI 6";
  const std::string name = "mayfly-landlock-" + std::to_string(::getpid());
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  const UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::bind(listener.borrow(), generic, size), 0);
  ASSERT_EQ(::listen(listener.borrow(), 4), 0);
  const auto connecting = outside_and_inside([&] {
    const UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    return errno_of(::connect(socket.borrow(), generic, size) == 0);
  });
  EXPECT_EQ(connecting, (Both{0, EPERM}));
  const auto signalling =
      outside_and_inside([parent = ::getpid()] { return errno_of(::kill(parent, 0) == 0); });
  EXPECT_EQ(signalling, (Both{0, EPERM}));
}

TEST_F(Landlock, IsAbsentInWordsWhereTheKernelHasNone) {
  EXPECT_EQ(describe(LandlockAbi{}), "absent: this kernel has none, or it is switched off");
  EXPECT_TRUE(enter_landlock(LandlockAbi{}, places_));
  EXPECT_EQ(describe(LandlockAbi{4}), "ABI 4: file system, TCP");
}

// Goal: a job is in a domain. Method: the kernel stacks sixteen; whoever is in one has room for
// fifteen more.
constexpr const char* count_layers = R"(
import ctypes, struct
libc = ctypes.CDLL(None, use_errno=True)
libc.prctl(38, 1, 0, 0, 0)
layers = 0
while True:
    handled = ctypes.create_string_buffer(struct.pack("Q", 1 << 6))
    ruleset = libc.syscall(444, handled, ctypes.c_size_t(8), 0)
    if ruleset < 0 or libc.syscall(446, ruleset, 0) != 0:
        break
    layers += 1
print(layers)
)";

TEST_F(Landlock, HoldsEveryJob) {
  const auto report = test::run(test::python(count_layers));
  EXPECT_EQ(test::stdout_of(report), "15\n") << test::stderr_of(report);
  EXPECT_EQ(report.confinement.at("landlock"), describe(abi_));
  const auto control = run_in_child([] {
    ::execlp("python3", "python3", "-c",
             (std::string(count_layers) + "raise SystemExit(layers)").c_str(), nullptr);
    return 255;
  });
  EXPECT_EQ(control.exit_code, 16) << "this test cannot fail";
}

}  // namespace
}  // namespace mayfly::executor
