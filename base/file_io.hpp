// Whole reads and writes on descriptors, bounded, retried on EINTR and short counts.
//
// Errors    unavailable (missing, denied, full), limit (more than bytes_max), internal.
#pragma once
#include <filesystem>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace mayfly {

Result<Bytes> read_to_end(const UniqueFd& fd, std::size_t bytes_max);
Result<Bytes> read_file(const std::filesystem::path& path, std::size_t bytes_max);
Result<void> write_all(const UniqueFd& fd, ByteView bytes);
// Whole and durable, or not at all: base/pending_file.hpp.
Result<void> write_file(const std::filesystem::path& path, ByteView bytes);

}  // namespace mayfly
