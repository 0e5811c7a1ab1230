// A program that links intake_zeroing_delete: what its containers free is gone.
#include <gtest/gtest.h>
#include <string.h>
#include <unistd.h>

#include <cstdint>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "intake/stack_burn.hpp"
#include "tests/support/canary_scan.hpp"
#include "tests/support/process.hpp"
#include "tests/support/sanitizer.hpp"

namespace mayfly::intake {
namespace {

std::string found(const test::Canary& canary) {
  burn_stack();
  return test::run_process({MAYFLY_BIN_DIR "/canary_scan", "--process", std::to_string(::getpid())},
                           {.stdin_text = canary.text() + "\n"})
      .stdout_text;
}

void put(const test::Canary& canary, std::string& into) {
  const std::string clear = canary.clear();  // wiped by being freed
  into.replace(500, clear.size(), clear);
}

TEST(ZeroingDelete, LeavesNothingOfAStringThatDied) {
  if (test::sanitizer_build) GTEST_SKIP() << "sanitizers replace the same operators";
  const auto canary = test::Canary::random();
  {
    std::string text(1000, 'x');
    put(canary, text);
    EXPECT_NE(found(canary), "");
  }
  EXPECT_EQ(found(canary), "");
}

TEST(ZeroingDelete, LeavesNothingWhereAStringGrew) {
  if (test::sanitizer_build) GTEST_SKIP() << "sanitizers replace the same operators";
  const auto canary = test::Canary::random();
  std::string text(1000, 'x');
  put(canary, text);
  for (int i = 0; i < 12; ++i) text += text.substr(600);
  ::explicit_bzero(text.data(), text.size());
  EXPECT_EQ(found(canary), "");
}

TEST(ZeroingDelete, ServesEveryFormOfNew) {
  if (test::sanitizer_build) GTEST_SKIP() << "sanitizers replace the same operators";
  struct alignas(256) Wide {
    std::uint8_t bytes[256];
  };
  const auto aligned = [](const void* pointer, std::size_t alignment) {
    return reinterpret_cast<std::uintptr_t>(pointer) % alignment == 0;
  };
  const auto wide = std::make_unique<Wide>();
  EXPECT_TRUE(aligned(wide.get(), 256));
  const auto many = std::make_unique<Wide[]>(3);
  EXPECT_TRUE(aligned(many.get(), 256));
  const std::unique_ptr<char[]> none(new char[0]);
  EXPECT_NE(none.get(), nullptr);
  const std::unique_ptr<int> quiet(new (std::nothrow) int(7));
  EXPECT_EQ(*quiet, 7);
  volatile std::size_t impossible = SIZE_MAX / 2;
  EXPECT_THROW(::operator delete(::operator new(impossible)), std::bad_alloc);
  EXPECT_EQ(::operator new(impossible, std::nothrow), nullptr);
}

}  // namespace
}  // namespace mayfly::intake
