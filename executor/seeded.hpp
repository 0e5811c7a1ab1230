// Seeded randomness and a clock with a fixed origin, for jobs that draw names, hash seeds or ids at
// random and should still give one result.
//
// Source    getrandom(2), random(4), getauxval(3), vdso(7), clock_gettime(2).
// Shapes    What is served is a function of the run's seed, of who asks (the number of the process
//           or thread in its pid namespace), and of how often it has asked: so processes that run
//           side by side do not take each other's numbers. HMAC-SHA-256 in counter mode.
//           docs/executor.md says what this does not reach.
// Errors    unavailable: a program's image cannot be prepared; then it must not run.
// Threads   SeededRandom: one thread. The rest: any.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "crypto/sha2.hpp"

namespace mayfly::executor {

// 2000-01-01T00:00:00Z: what the calendar says when a seeded job starts. Its scripts have this
// time.
inline constexpr std::int64_t seeded_clock_origin_s = 946'684'800;

// Of run.confinement.
inline constexpr std::string_view seeded_in_words =
    "seeded: getrandom, /dev/random, /dev/urandom, AT_RANDOM; addresses fixed, no vDSO; the "
    "calendar begins at 2000-01-01T00:00:00Z";

class SeededRandom {
 public:
  enum class Source : std::uint8_t { call, device, image };
  explicit SeededRandom(const crypto::Sha256& seed) : seed_(seed) {}

  // The next draw of `who`.
  void fill(Source source, std::int32_t who, std::span<std::uint8_t> into);
  // The key of a stream that `who` opens now.
  crypto::Sha256 open_stream(std::int32_t who);

 private:
  crypto::Sha256 next_key(Source source, std::int32_t who);
  crypto::Sha256 seed_;
  std::map<std::pair<Source, std::int32_t>, std::uint64_t> drawn_;
};

// Bytes of a stream from `offset`, which is a multiple of 32.
void fill_from(const crypto::Sha256& key, std::uint64_t offset, std::span<std::uint8_t> into);

// Instead of /dev/urandom: a pipe that a thread of its own fills until nobody reads any more.
// limit: too many at once.
Result<UniqueFd> open_random_stream(const crypto::Sha256& key);

// At the EXEC stop of a traced process: other bytes behind AT_RANDOM, and no vDSO to be found, so
// that it has to ask the kernel for the time.
Result<void> prepare_image(pid_t pid, std::span<const std::uint8_t> random);

}  // namespace mayfly::executor
