#include "pipeline/dataset_bound.hpp"

#include <algorithm>
#include <charconv>

#include "base/file_io.hpp"

namespace mayfly::pipeline {

namespace {

Result<std::uint64_t> available_bytes(std::string_view meminfo) {
  constexpr std::string_view label = "MemAvailable:";
  constexpr std::uint64_t unit = 1024;  // "kB"
  const auto unknown = [] {
    return fail(ErrorCode::unavailable,
                "/proc/meminfo does not say how much memory is available: give --dataset-max");
  };
  std::size_t at = meminfo.find(label);
  if (at == std::string_view::npos) return unknown();
  at = std::min(meminfo.find_first_not_of(' ', at + label.size()), meminfo.size());
  std::uint64_t available = 0;
  const char* const end = meminfo.data() + meminfo.size();
  const auto read = std::from_chars(meminfo.data() + at, end, available);
  if (read.ec != std::errc{} || available > UINT64_MAX / unit) return unknown();
  return available * unit;
}

Result<Bytes> read_meminfo() {
  constexpr std::size_t meminfo_bytes_max = std::size_t{64} * 1024;
  return read_file("/proc/meminfo", meminfo_bytes_max);
}

}  // namespace

Result<std::uint64_t> dataset_bytes_that_fit(std::string_view meminfo) {
  TRY(const std::uint64_t available, available_bytes(meminfo));
  return std::min(available / 4 * 3, dataset_bytes_default_max);
}

Result<std::uint64_t> default_dataset_bytes_max() {
  TRY(const Bytes meminfo, read_meminfo());
  return dataset_bytes_that_fit(text_of(meminfo));
}

Result<std::uint64_t> available_memory_bytes() {
  TRY(const Bytes meminfo, read_meminfo());
  return available_bytes(text_of(meminfo));
}

}  // namespace mayfly::pipeline
