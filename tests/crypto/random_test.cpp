#include "crypto/random.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "crypto/wipe.hpp"

namespace mayfly::crypto {
namespace {

TEST(FillRandom, FillsTheWholeSpanAnewEachTime) {
  // A false alarm needs a run of 16 zero bytes or a repeat: under 2^-100.
  std::array<std::uint8_t, 1024> first{};
  std::array<std::uint8_t, 1024> second{};
  fill_random(first);
  fill_random(second);
  EXPECT_NE(first, second);
  const std::array<std::uint8_t, 16> zeros{};
  EXPECT_TRUE(std::ranges::search(first, zeros).empty());
  fill_random({});
}

TEST(Wipe, ZeroesExactlyTheGivenBytes) {
  std::array<std::uint8_t, 4> bytes{1, 2, 3, 4};
  wipe(std::span(bytes).subspan(1, 2));
  EXPECT_EQ(bytes, (std::array<std::uint8_t, 4>{1, 0, 0, 4}));
  wipe({});
}

}  // namespace
}  // namespace mayfly::crypto
