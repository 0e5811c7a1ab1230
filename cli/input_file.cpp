#include "cli/input_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/file_io.hpp"
#include "base/unique_fd.hpp"

namespace mayfly::cli {
namespace {

// Looked at before it is opened: opening a device can already do something.
Result<mode_t> file_kind(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return fail_errno(path);
  return status.st_mode & S_IFMT;
}

// O_NONBLOCK: it may be a FIFO by now, whose other end is not waited for.
Result<UniqueFd> open_to_read(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!fd) return fail_errno(path);
  return fd;
}

}  // namespace

Result<Bytes> read_regular_file(const std::string& path, std::size_t bytes_max) {
  TRY(const mode_t kind, file_kind(path));
  if (kind != S_IFREG) {
    return fail(ErrorCode::malformed,
                path + (kind == S_IFDIR ? " is a folder" : " is a pipe or a device") +
                    ": name a regular file");
  }
  TRY(const UniqueFd fd, open_to_read(path));
  auto bytes = read_to_end(fd, bytes_max);
  if (!bytes) return std::unexpected(std::move(bytes).error().while_doing(path));
  return bytes;
}

Result<void> check_dataset(const std::string& path) {
  TRY(const mode_t kind, file_kind(path));
  if (kind != S_IFREG && kind != S_IFDIR) {
    return fail(ErrorCode::malformed, path +
                                          " is a pipe or a device: name a file or a folder, or "
                                          "pipe it in with --dataset -");
  }
  CHECK_OK(open_to_read(path));
  return {};
}

}  // namespace mayfly::cli
