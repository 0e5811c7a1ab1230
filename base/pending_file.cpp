#include "base/pending_file.hpp"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <string>
#include <utility>

#include "base/file_io.hpp"
#include "base/text_encoding.hpp"

namespace mayfly {
namespace {

namespace fs = std::filesystem;

struct Temporary {
  std::string name;  // empty: the file has no name yet, and goes with the process
  UniqueFd fd;
};

Result<std::string> name_beside(const fs::path& target) {
  std::array<std::uint8_t, 8> random{};
  if (::getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size())) {
    return fail_errno("getrandom");
  }
  return target.string() + "." + hex_encode(random);
}

// Not mkstemp: its mode 0600 would have to be widened by the umask, which no thread can read
// without changing it for all.
Result<Temporary> create_beside(const fs::path& target) {
  constexpr int flags = O_WRONLY | O_CLOEXEC;
  const std::string folder = target.parent_path().string();
  Temporary temporary{"", UniqueFd(::open(folder.c_str(), flags | O_TMPFILE, 0644))};
  if (temporary.fd) return temporary;
  // Some file systems (and kernels, which then take it for a folder) have no files without a name.
  if (errno != EOPNOTSUPP && errno != EISDIR) {
    return fail_errno("creating a file beside " + target.string());
  }
  TRY(temporary.name, name_beside(target));
  temporary.fd.reset(::open(temporary.name.c_str(), flags | O_CREAT | O_EXCL, 0644));
  if (!temporary.fd) return fail_errno("creating a file beside " + target.string());
  return temporary;
}

void drop(const Temporary& temporary) {
  if (!temporary.name.empty()) ::unlink(temporary.name.c_str());
}

bool link_to(const UniqueFd& fd, const std::string& path) {
  const std::string self = "/proc/self/fd/" + std::to_string(fd.borrow());
  return ::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW) == 0;
}

// What has no name gets the target's at once when that is free. A link cannot replace a file: only
// then is there, for two calls, a name beside it that a kill would leave.
Result<void> put_in_place(Temporary& temporary, const fs::path& target) {
  if (temporary.name.empty()) {
    if (link_to(temporary.fd, target.string())) return {};
    if (errno != EEXIST) return fail_errno("linking " + target.string());
    TRY(temporary.name, name_beside(target));
    if (!link_to(temporary.fd, temporary.name)) return fail_errno("linking " + temporary.name);
  }
  if (::rename(temporary.name.c_str(), target.c_str()) == 0) return {};
  return fail_errno("renaming to " + target.string());
}

Result<void> fill_and_sync(const UniqueFd& fd, ByteView bytes) {
  CHECK_OK(write_all(fd, bytes));
  if (::fsync(fd.borrow()) != 0) return fail_errno("fsync");
  return {};
}

// `target` was a regular file or absent when it was opened; a run may lie between.
Result<void> check_still_replaceable(const fs::path& target) {
  struct stat status{};
  if (::lstat(target.c_str(), &status) != 0 || S_ISREG(status.st_mode)) return {};
  return fail(ErrorCode::malformed, target.string() + " is no regular file any more");
}

Result<void> replace(const fs::path& target, Temporary temporary, ByteView bytes) {
  auto written = fill_and_sync(temporary.fd, bytes);
  if (written) written = check_still_replaceable(target);
  if (written) written = put_in_place(temporary, target);
  if (!written) {
    drop(temporary);
    return std::unexpected(std::move(written).error().while_doing(target.string()));
  }
  const UniqueFd folder(::open(target.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder && ::fsync(folder.borrow()) != 0) return fail_errno("fsync of the folder");
  return {};
}

// A FIFO or a terminal has nothing to sync, and says so with one of these.
Result<void> write_through(const UniqueFd& fd, ByteView bytes) {
  CHECK_OK(write_all(fd, bytes));
  if (::fsync(fd.borrow()) == 0 || errno == EINVAL || errno == EROFS || errno == ENOTSUP) return {};
  return fail_errno("fsync");
}

std::optional<int> parse_number(const std::string& text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  return whole && number >= 0 ? std::optional(number) : std::nullopt;
}

// "/dev/fd/3", "/proc/self/fd/3", and with one link more "/dev/stdout". The file behind such a name
// is open at a position of its own: only its descriptor knows that.
std::optional<int> own_descriptor(fs::path path) {
  std::error_code error;
  const fs::path table = fs::canonical("/proc/self/fd", error);
  if (error) return std::nullopt;
  for (int links = 0; links < 2; ++links) {
    const fs::path folder = path.has_parent_path() ? path.parent_path() : ".";
    if (fs::canonical(folder, error) == table) return parse_number(path.filename().string());
    const fs::path link = fs::read_symlink(path, error);
    if (error) return std::nullopt;
    path = folder / link;  // an absolute link replaces the folder
  }
  return std::nullopt;
}

std::unexpected<Error> fail_kind(const fs::path& path, std::string_view why) {
  return fail(ErrorCode::malformed, path.string() + " " + std::string(why));
}

}  // namespace

Result<PendingFile> PendingFile::open(const fs::path& path) {
  if (path.filename().empty()) return fail_kind(path, "names a folder: add a file name");
  // The kernel follows links, and refuses those that another user has laid in a shared folder.
  const UniqueFd found(::open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!found) return errno == ENOENT ? of_absent(path) : fail_errno("opening " + path.string());
  if (const auto number = own_descriptor(path)) return of_descriptor(*number);
  struct stat status{};
  if (::fstat(found.borrow(), &status) != 0) return fail_errno("looking at " + path.string());
  switch (status.st_mode & S_IFMT) {
    case S_IFREG: return of_regular(path, found);
    case S_IFIFO:
    case S_IFCHR: return of_device(path);
    case S_IFDIR: return fail_kind(path, "is a folder: add a file name");
    default: return fail_kind(path, "is a block device or a socket: name a file");
  }
}

Result<PendingFile> PendingFile::of_descriptor(int number) {
  const std::string name = "descriptor " + std::to_string(number);
  PendingFile file;
  file.descriptor_ = number;
  file.through_.reset(::fcntl(number, F_DUPFD_CLOEXEC, 3));
  const int mode = file.through_ ? ::fcntl(number, F_GETFL) : -1;
  struct stat status{};
  if (mode < 0 || ::fstat(number, &status) != 0) return fail_errno(name);
  if ((mode & O_ACCMODE) == O_RDONLY) {
    return fail(ErrorCode::unavailable, name + " is not open for writing");
  }
  file.existing_ = FileId{.device = status.st_dev, .inode = status.st_ino};
  return file;
}

Result<PendingFile> PendingFile::of_device(const fs::path& path) {
  PendingFile file;
  file.through_.reset(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY));
  struct stat status{};
  if (!file.through_ || ::fstat(file.through_.borrow(), &status) != 0) {
    return fail_errno("opening " + path.string());
  }
  // Another name may have come to stand there; a regular file would have to be replaced whole.
  if (!S_ISFIFO(status.st_mode) && !S_ISCHR(status.st_mode)) {
    return fail_kind(path, "changed while it was opened");
  }
  file.existing_ = FileId{.device = status.st_dev, .inode = status.st_ino};
  return file;
}

Result<PendingFile> PendingFile::of_regular(const fs::path& path, const UniqueFd& found) {
  struct stat status{};
  if (::fstat(found.borrow(), &status) != 0) return fail_errno("looking at " + path.string());
  std::error_code error;
  const fs::path target =
      fs::read_symlink("/proc/self/fd/" + std::to_string(found.borrow()), error);
  struct stat named{};
  if (error || ::lstat(target.c_str(), &named) != 0 || named.st_dev != status.st_dev ||
      named.st_ino != status.st_ino) {
    return fail_kind(path, "leads to a file without a name: name a file");
  }
  struct statx extended{};
  if (::statx(found.borrow(), "", AT_EMPTY_PATH, STATX_TYPE, &extended) == 0 &&
      (extended.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0) {
    return fail_kind(path, "is mounted by itself, so it cannot be replaced: mount its folder");
  }
  TRY(PendingFile file, of_absent(target));
  file.existing_ = FileId{.device = status.st_dev, .inode = status.st_ino};
  return file;
}

Result<PendingFile> PendingFile::of_absent(const fs::path& path) {
  struct stat status{};
  if (::lstat(path.c_str(), &status) == 0 && S_ISLNK(status.st_mode)) {
    return fail_kind(path, "is a link to nothing: remove it, or name a file");
  }
  std::error_code error;
  const fs::path folder = fs::canonical(path.has_parent_path() ? path.parent_path() : ".", error);
  if (error) return std::unexpected(errno_error(error.value(), "the folder of " + path.string()));
  PendingFile file;
  file.target_ = folder / path.filename();
  TRY(const Temporary trial, create_beside(file.target_));
  drop(trial);
  return file;
}

Result<void> PendingFile::write(ByteView bytes) && {
  TRY(GrowingFile file, std::move(*this).begin());
  CHECK_OK(file.append(bytes));
  return std::move(file).finish();
}

Result<GrowingFile> PendingFile::begin() && {
  GrowingFile file;
  if (through_) {
    file.fd_ = std::move(through_);
    return file;
  }
  TRY(Temporary temporary, create_beside(target_));
  file.target_ = std::move(target_);
  file.fd_ = std::move(temporary.fd);
  file.temporary_ = std::move(temporary.name);
  return file;
}

GrowingFile::GrowingFile(GrowingFile&& other) noexcept
    : target_(std::move(other.target_)),
      fd_(std::move(other.fd_)),
      temporary_(std::exchange(other.temporary_, {})),
      buffer_(std::move(other.buffer_)) {}

GrowingFile::~GrowingFile() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

Result<void> GrowingFile::append(ByteView bytes) {
  constexpr std::size_t buffer_bytes = std::size_t{64} * 1024;
  if (buffer_.size() + bytes.size() > buffer_bytes) {
    CHECK_OK(flush());
    if (bytes.size() > buffer_bytes) return write_all(fd_, bytes);
  }
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  return {};
}

Result<void> GrowingFile::flush() {
  CHECK_OK(write_all(fd_, buffer_));
  buffer_.clear();
  return {};
}

Result<void> GrowingFile::finish() && {
  if (target_.empty()) return write_through(fd_, buffer_);
  return replace(target_, {std::exchange(temporary_, {}), std::move(fd_)}, buffer_);
}

bool PendingFile::is_same_place(const PendingFile& other) const {
  if (existing_ && existing_ == other.existing_) return true;
  return !target_.empty() && target_ == other.target_;
}

}  // namespace mayfly
