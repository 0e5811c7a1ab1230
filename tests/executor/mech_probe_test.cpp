#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <set>

#include "executor/probe.hpp"
#include "tests/executor/mech_child.hpp"

namespace mayfly::executor {
namespace {

const HostFact& fact(const std::vector<HostFact>& facts, std::string_view name) {
  for (const auto& each : facts) {
    if (each.name == name) return each;
  }
  throw std::runtime_error("no fact " + std::string(name));
}

TEST(ProbeHost, NamesEachMechanismOnceWithWhatWasFound) {
  std::set<std::string> names;
  for (const auto& each : probe_host()) {
    EXPECT_TRUE(names.insert(each.name).second) << each.name << " twice";
    EXPECT_FALSE(each.detail.empty()) << each.name;
  }
  for (const char* name : {"kernel",
                           "namespace_user",
                           "namespace_mount",
                           "namespace_pid",
                           "namespace_network",
                           "namespace_ipc",
                           "namespace_uts",
                           "namespace_cgroup",
                           "namespace_user_unprivileged",
                           "cgroup",
                           "seccomp",
                           "seccomp_user_notif",
                           "seccomp_listener",
                           "landlock",
                           "ptrace",
                           "memfd_seals",
                           "memfd_noexec_seal",
                           "memlock",
                           "swap",
                           "core_pattern",
                           "init_on_free",
                           "tee"}) {
    EXPECT_TRUE(names.contains(name)) << name;
  }
}

TEST(ProbeHost, WhatIsNotGoodHasAFixAndOnlyThat) {
  for (const auto& each : probe_host()) {
    EXPECT_EQ(each.fix.empty(), each.state == HostFact::State::good) << each.name;
  }
}

TEST(ProbeHost, LeavesNothingBehind) {
  const auto namespaces_and_descriptors = [] {
    std::set<std::string> all;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/ns")) {
      all.insert(std::filesystem::read_symlink(entry));
    }
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
      all.insert(entry.path());
    }
    return all;
  };
  const auto at_first = namespaces_and_descriptors();
  (void)probe_host();
  EXPECT_EQ(namespaces_and_descriptors(), at_first);
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a child is left";
  EXPECT_EQ(errno, ECHILD);
}

// The same kernel, seen by root and by nobody: no probe may say "good" about what it cannot do.
TEST(ProbeHost, AnOrdinaryUserIsToldThatGroupsAreNotEnforced) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become an ordinary user";
  EXPECT_EQ(test::run_in_child([] {
              if (::setgid(65534) != 0 || ::setuid(65534) != 0) return 1;
              const auto facts = probe_host();
              const auto& cgroup = fact(facts, "cgroup");
              if (cgroup.state != HostFact::State::weaker) return 2;
              return cgroup.detail.find("not enforced") != std::string::npos ? 0 : 3;
            }).exit_code,
            0);
}

// The probe says what the call itself says.
TEST(ProbeHost, AgreesWithTheKernelAboutUserNamespaces) {
  const auto status = test::run_in_child([] {
    if (::unshare(CLONE_NEWUSER) != 0) return 1;
    return ::unshare(CLONE_NEWNS) == 0 ? 0 : 1;
  });
  EXPECT_EQ(fact(probe_host(), "namespace_user").state == HostFact::State::good,
            status.exit_code == 0);
}

// Limits that a child puts on itself are limits that the probe must find.
TEST(ProbeHost, FindsALowLimitOfLockedMemory) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become an ordinary user";
  EXPECT_EQ(test::run_in_child([] {
              const rlimit none{0, 0};
              if (::setrlimit(RLIMIT_MEMLOCK, &none) != 0) return 1;
              if (::setgid(65534) != 0 || ::setuid(65534) != 0) return 1;
              return fact(probe_host(), "memlock").state == HostFact::State::weaker ? 0 : 2;
            }).exit_code,
            0);
}

}  // namespace
}  // namespace mayfly::executor
