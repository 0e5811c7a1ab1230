#include "base/file_io.hpp"

#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <string>

#include "base/text_encoding.hpp"

namespace mayfly {

Result<Bytes> read_to_end(const UniqueFd& fd, std::size_t bytes_max) {
  constexpr std::size_t chunk_bytes = std::size_t{64} * 1024;
  Bytes bytes;
  bytes_max = std::min(bytes_max, std::numeric_limits<std::size_t>::max() - 1);
  for (;;) {
    const std::size_t used = bytes.size();
    // One byte past the bound is enough to know that it is over.
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

namespace {

Result<void> fill_and_sync(const UniqueFd& fd, ByteView bytes) {
  CHECK_OK(write_all(fd, bytes));
  if (::fsync(fd.borrow()) != 0) return fail_errno("fsync");
  return {};
}

// A name beside `path` that nobody else has. Not mkstemp: its mode 0600 would have to be widened by
// the umask, which no thread can read without changing it for all.
Result<std::string> temporary_beside(const std::filesystem::path& path) {
  std::array<std::uint8_t, 8> random{};
  if (::getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size())) {
    return fail_errno("getrandom");
  }
  return path.string() + "." + hex_encode(random);
}

}  // namespace

Result<void> write_file(const std::filesystem::path& path, ByteView bytes) {
  TRY(const std::string temporary, temporary_beside(path));
  const UniqueFd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (!fd) return fail_errno("creating a file beside " + path.string());
  if (auto filled = fill_and_sync(fd, bytes); !filled) {
    ::unlink(temporary.c_str());
    return std::unexpected(std::move(filled).error().while_doing(path.string()));
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    auto error = fail_errno("renaming to " + path.string());
    ::unlink(temporary.c_str());
    return error;
  }
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  const UniqueFd folder_fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder_fd && ::fsync(folder_fd.borrow()) != 0) return fail_errno("fsync of the folder");
  return {};
}

}  // namespace mayfly
