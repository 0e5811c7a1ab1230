// What a dataset may be, and how far its file must be sealed.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>

namespace mayfly::intake {

struct IntakeLimits {
  std::uint64_t dataset_bytes_max = std::uint64_t{8} * 1024 * 1024 * 1024;
  std::size_t files_max = 4096;
};

// Whether the job will run under a user id other than ours. When it cannot (no privilege to map a
// second id), the file is also sealed against shrinking, because its owner could truncate it.
enum class JobIdentity : std::uint8_t { separate_user, same_user };

// Called now and then with the number of bytes taken so far.
using Progress = std::function<void(std::uint64_t bytes)>;

}  // namespace mayfly::intake
