// How often a test that hunts a race tries: seldom in an ordinary run, where minutes count, and
// MAYFLY_RACE_FACTOR times as often under `./dev test --all` (tests/README.md).
#pragma once
#include <algorithm>
#include <cstdlib>

namespace mayfly::test {

inline int race_rounds(int few) {
  constexpr int factor_max = 1000;
  const char* const factor = std::getenv("MAYFLY_RACE_FACTOR");  // NOLINT(concurrency-mt-unsafe)
  return few * std::clamp(factor == nullptr ? 1 : std::atoi(factor), 1, factor_max);  // NOLINT
}

}  // namespace mayfly::test
