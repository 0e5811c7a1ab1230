#include "base/file_io.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <string>

#include "base/pending_file.hpp"

namespace mayfly {

Result<Bytes> read_to_end(const UniqueFd& fd, std::size_t bytes_max) {
  // Most files that are read whole are short, and memory costs more than reading.
  constexpr std::size_t chunk_bytes_min = std::size_t{4} * 1024;
  constexpr std::size_t chunk_bytes_max = std::size_t{64} * 1024;
  Bytes bytes;
  bytes_max = std::min(bytes_max, std::numeric_limits<std::size_t>::max() - 1);
  for (;;) {
    const std::size_t used = bytes.size();
    // One byte past the bound is enough to know that it is over.
    const std::size_t chunk_bytes = std::clamp(used, chunk_bytes_min, chunk_bytes_max);
    bytes.resize(used + std::min(chunk_bytes, bytes_max + 1 - used));
    const ssize_t got = ::read(fd.borrow(), bytes.data() + used, bytes.size() - used);
    if (got < 0) {
      if (errno == EINTR) {
        bytes.resize(used);
        continue;
      }
      return fail_errno("reading");
    }
    bytes.resize(used + static_cast<std::size_t>(got));
    if (got == 0) return bytes;
    if (bytes.size() > bytes_max) {
      return fail(ErrorCode::limit, "more than " + std::to_string(bytes_max) + " bytes");
    }
  }
}

Result<Bytes> read_file(const std::filesystem::path& path, std::size_t bytes_max) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!fd) return fail_errno("opening " + path.string());
  auto bytes = read_to_end(fd, bytes_max);
  if (!bytes) return std::unexpected(std::move(bytes).error().while_doing(path.string()));
  return bytes;
}

Result<void> write_all(const UniqueFd& fd, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(fd.borrow(), bytes.data(), bytes.size());
    if (put < 0) {
      if (errno == EINTR) continue;
      return fail_errno("writing");
    }
    bytes = bytes.subspan(static_cast<std::size_t>(put));
  }
  return {};
}

Result<void> write_file(const std::filesystem::path& path, ByteView bytes) {
  TRY(PendingFile file, PendingFile::open(path));
  return std::move(file).write(bytes);
}

}  // namespace mayfly
