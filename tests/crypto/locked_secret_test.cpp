#include "crypto/locked_secret.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <optional>
#include <sstream>
#include <string>

namespace mayfly::crypto {
namespace {

struct Mapping {
  std::uintptr_t start = 0;
  std::uintptr_t end = 0;
  std::string permissions;
  std::string flags;  // VmFlags of /proc/self/smaps
};

// What the kernel says about the page at `address`.
std::optional<Mapping> mapping_at(std::uintptr_t address) {
  std::ifstream smaps("/proc/self/smaps");
  std::string line;
  std::optional<Mapping> found;
  while (std::getline(smaps, line)) {
    std::istringstream words(line);
    std::uintptr_t start = 0;
    std::uintptr_t end = 0;
    char dash = 0;
    std::string permissions;
    if (words >> std::hex >> start >> dash >> end >> permissions && dash == '-') {
      if (found) {
        return found;
      }
      if (start <= address && address < end) {
        found = Mapping{start, end, permissions, ""};
      }
    } else if (found && line.starts_with("VmFlags:")) {
      found->flags = line.substr(8) + " ";
    }
  }
  return found;
}

std::uintptr_t address_of(const LockedSecret& secret) {
  return reinterpret_cast<std::uintptr_t>(secret.view().data());
}

// Exit status of a forked child that runs `body`.
int in_child(const std::function<int()>& body) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::_exit(body());
  }
  int status = -1;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

LockedSecret secret_of(std::size_t size) {
  auto secret = LockedSecret::allocate(size);
  EXPECT_TRUE(secret) << secret.error().message();
  return std::move(*secret);
}

TEST(LockedSecret, IsLockedUndumpableAndWipedOnForkByTheKernel) {
  const LockedSecret secret = secret_of(32);
  const auto mapping = mapping_at(address_of(secret));
  ASSERT_TRUE(mapping);
  EXPECT_EQ(mapping->permissions, "rw-p");
  EXPECT_NE(mapping->flags.find(" lo "), std::string::npos) << "not locked:" << mapping->flags;
  EXPECT_NE(mapping->flags.find(" dd "), std::string::npos) << "dumpable:" << mapping->flags;
  EXPECT_NE(mapping->flags.find(" wf "), std::string::npos) << "kept on fork:" << mapping->flags;
}

TEST(LockedSecret, LiesBetweenInaccessiblePages) {
  const LockedSecret secret = secret_of(secret_bytes_max);
  const auto before = mapping_at(address_of(secret) - 1);
  const auto after = mapping_at(address_of(secret) + secret_bytes_max);
  ASSERT_TRUE(before && after);
  EXPECT_EQ(before->permissions, "---p");
  EXPECT_EQ(after->permissions, "---p");
}

TEST(LockedSecret, AForkedChildSeesZeros) {
  LockedSecret secret = secret_of(32);
  std::ranges::fill(secret.bytes(), std::uint8_t{0xa5});
  EXPECT_EQ(in_child([&] {
              return std::ranges::all_of(secret.view(), [](auto b) { return b == 0; }) ? 0 : 1;
            }),
            0);
  EXPECT_EQ(secret.view()[0], 0xa5) << "the parent lost its secret";
}

TEST(LockedSecret, IsUnmappedAtTheEndOfItsLife) {
  std::uintptr_t address = 0;
  {
    const LockedSecret secret = secret_of(32);
    address = address_of(secret);
  }
  const auto mapping = mapping_at(address);
  EXPECT_TRUE(!mapping || mapping->flags.find(" lo ") == std::string::npos);
}

TEST(LockedSecret, StartsZeroAndMovesWithoutCopying) {
  LockedSecret first = secret_of(16);
  EXPECT_TRUE(std::ranges::all_of(first.view(), [](auto b) { return b == 0; }));
  first.bytes()[0] = 7;
  const auto address = address_of(first);
  LockedSecret second = std::move(first);
  EXPECT_EQ(address_of(second), address);
  EXPECT_EQ(second.view()[0], 7);
  // NOLINTNEXTLINE(bugprone-use-after-move,clang-analyzer-cplusplus.Move): it is what is tested.
  EXPECT_TRUE(first.view().empty());
  second = secret_of(8);
  EXPECT_EQ(second.view().size(), 8U);
}

TEST(LockedSecret, RefusesMoreThanAPage) {
  EXPECT_TRUE(LockedSecret::allocate(secret_bytes_max));
  const auto past = LockedSecret::allocate(secret_bytes_max + 1);
  ASSERT_FALSE(past);
  EXPECT_EQ(past.error().code(), ErrorCode::limit);
}

// Goal: a secret that could be swapped is an error. Method: forbid locking in a child process.
TEST(LockedSecret, IsAnErrorWhereThePageCannotBeLocked) {
  EXPECT_EQ(in_child([] {
              const rlimit none{0, 0};
              // Root may lock whatever the limit says.
              if (::setrlimit(RLIMIT_MEMLOCK, &none) != 0 ||
                  (::geteuid() == 0 && ::setresuid(65534, 65534, 65534) != 0)) {
                return 2;
              }
              const auto secret = LockedSecret::allocate(32);
              return !secret && secret.error().code() == ErrorCode::unavailable ? 0 : 1;
            }),
            0);
}

}  // namespace
}  // namespace mayfly::crypto
