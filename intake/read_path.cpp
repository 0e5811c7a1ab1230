// Sources with a descriptor: a regular file, a directory, a stream.
#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "intake/dataset.hpp"
#include "intake/file_name.hpp"

namespace mayfly::intake {
namespace {

// As much as one read asks for: it doubles, so that a small file costs little memory; large enough
// that system calls cost nothing, small enough that the bytes are in the cache when hashed.
constexpr std::size_t read_bytes_min = std::size_t{16} << 10;
constexpr std::size_t read_bytes_max = std::size_t{1} << 20;

std::unexpected<Error> fail_reading(const std::string& what) {
  Error error = errno_error(errno, "reading " + printable(what));
  return fail(ErrorCode::unavailable, error.message());
}

// Blocks until `fd` has something to read, for descriptors that came to us non-blocking.
Result<void> wait_readable(const UniqueFd& fd) {
  pollfd wanted{.fd = fd.borrow(), .events = POLLIN, .revents = 0};
  if (::poll(&wanted, 1, /*timeout=*/-1) < 0 && errno != EINTR) return fail_errno("poll");
  return {};
}

Result<void> copy_to_end(const UniqueFd& fd, const std::string& shown_name, FileIntake& intake,
                         std::uint64_t bytes_before, const Progress& progress) {
  for (;;) {
    const auto taken = static_cast<std::size_t>(intake.size_bytes());
    TRY(const auto space, intake.room(std::clamp(taken, read_bytes_min, read_bytes_max)));
    const ssize_t got = ::read(fd.borrow(), space.data(), space.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) {
      CHECK_OK(wait_readable(fd));
      continue;
    }
    if (got < 0) return fail_reading(shown_name);
    if (got == 0) return {};
    CHECK_OK(intake.commit(static_cast<std::size_t>(got)));
    if (progress) progress(bytes_before + intake.size_bytes());
  }
}

std::string_view kind_of(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFLNK: return "a symbolic link";
    case S_IFIFO: return "a FIFO";
    case S_IFCHR:
    case S_IFBLK: return "a device";
    case S_IFSOCK: return "a socket";
    default: return "not a regular file";
  }
}

std::unexpected<Error> fail_odd(const std::string& name, mode_t mode, std::string_view fix) {
  return fail(ErrorCode::malformed, "the dataset path \"" + printable(name) + "\" is " +
                                        std::string(kind_of(mode)) + ": " + std::string(fix));
}

struct Listing {
  std::size_t files_max;
  std::vector<std::string> files;
  std::vector<std::string> directories;  // below the root, found so far

  bool over() const { return files.size() > files_max || directories.size() > files_max; }
};

// What is below one directory, with no link followed at any level.
class Directory {
 public:
  explicit Directory(UniqueFd root) : root_(std::move(root)) {}

  // Without O_NONBLOCK, a FIFO put there since we looked would block us.
  Result<UniqueFd> open(const std::string& name, std::uint64_t flags) const {
    const open_how how{.flags = flags | O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
                       .mode = 0,
                       .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
    UniqueFd fd(
        static_cast<int>(::syscall(SYS_openat2, root_.borrow(), name.c_str(), &how, sizeof(how))));
    if (!fd) return fail_reading(name);
    return fd;
  }

  // Names of the regular files, in order; at most files_max of them, in as many directories.
  Result<std::vector<std::string>> list(std::size_t files_max) const {
    Listing found{.files_max = files_max, .files = {}, .directories = {}};
    CHECK_OK(list_one(".", "", found));
    for (std::size_t next = 0; next < found.directories.size() && !found.over(); ++next) {
      const std::string directory = found.directories[next];
      CHECK_OK(list_one(directory, directory + "/", found));
    }
    if (found.over()) {
      return fail(ErrorCode::limit, "the dataset directory holds more than " +
                                        std::to_string(files_max) +
                                        " files or directories (files_max): raise the limit, or "
                                        "pack them into fewer");
    }
    std::ranges::sort(found.files);
    return std::move(found.files);
  }

 private:
  struct Close {
    void operator()(DIR* dir) const noexcept { ::closedir(dir); }
  };

  Result<void> list_one(const std::string& directory, const std::string& prefix,
                        Listing& found) const {
    TRY(UniqueFd fd, open(directory, O_DIRECTORY));
    const std::unique_ptr<DIR, Close> dir(::fdopendir(fd.borrow()));
    if (!dir) return fail_reading(directory);
    static_cast<void>(fd.release());  // closedir() closes it
    while (!found.over()) {
      errno = 0;
      const dirent* const entry = ::readdir(dir.get());
      if (entry == nullptr) {
        if (errno != 0) return fail_reading(directory);
        return {};
      }
      const std::string leaf = entry->d_name;
      if (leaf == "." || leaf == "..") continue;
      const std::string name = prefix + leaf;
      CHECK_OK(check_file_name(name));
      struct stat status{};
      if (::fstatat(::dirfd(dir.get()), leaf.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
        return fail_reading(name);
      }
      if (S_ISDIR(status.st_mode)) {
        found.directories.push_back(name);
      } else if (S_ISREG(status.st_mode)) {
        found.files.push_back(name);
      } else {
        return fail_odd(name, status.st_mode, "only regular files can be in a dataset; remove it");
      }
    }
    return {};
  }

  UniqueFd root_;
};

// Two descriptors per file: the usual soft limit of 1024 would be a limit nobody chose.
void raise_descriptor_limit(std::size_t files) {
  constexpr rlim_t kept_free = 256;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const rlim_t wanted = std::min<rlim_t>(limit.rlim_max, 2 * files + kept_free);
  if (limit.rlim_cur >= wanted) return;
  limit.rlim_cur = wanted;
  ::setrlimit(RLIMIT_NOFILE, &limit);  // refused: begin() will say what is missing
}

Result<Dataset> read_directory(UniqueFd root, const IntakeLimits& limits, JobIdentity identity,
                               const Progress& progress) {
  const Directory directory(std::move(root));
  TRY(const auto names, directory.list(limits.files_max));
  if (names.empty()) {
    return fail(ErrorCode::malformed, "the dataset directory holds no file: name the right one");
  }
  raise_descriptor_limit(names.size());
  std::vector<SealedFile> files;
  std::uint64_t bytes = 0;
  for (const std::string& name : names) {
    TRY(const UniqueFd fd, directory.open(name, 0));
    struct stat status{};
    if (::fstat(fd.borrow(), &status) != 0) return fail_reading(name);
    if (!S_ISREG(status.st_mode)) {
      return fail_odd(name, status.st_mode, "it changed while the directory was read");
    }
    TRY(auto intake, FileIntake::begin_next(name, bytes, limits, identity));
    CHECK_OK(copy_to_end(fd, name, intake, bytes, progress));
    TRY(auto file, std::move(intake).seal());
    bytes += file.size_bytes();
    files.push_back(std::move(file));
  }
  return Dataset::of_directory(std::move(files));
}

}  // namespace

Result<Dataset> read_stream(const UniqueFd& fd, const std::string& name, const IntakeLimits& limits,
                            JobIdentity identity, const Progress& progress) {
  TRY(auto intake, FileIntake::begin(name, limits, identity));
  CHECK_OK(copy_to_end(fd, "the dataset stream", intake, /*bytes_before=*/0, progress));
  TRY(auto file, std::move(intake).seal());
  return Dataset::of_file(std::move(file));
}

Result<Dataset> read_path(const std::filesystem::path& path, const std::string& name,
                          const IntakeLimits& limits, JobIdentity identity,
                          const Progress& progress) {
  struct stat status{};
  // Looked at before it is opened: opening a device can already do something.
  if (::stat(path.c_str(), &status) != 0) return fail_reading(path.string());
  if (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)) {
    return fail_odd(path.string(), status.st_mode,
                    "give a regular file or a directory, or pipe it in");
  }
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd || ::fstat(fd.borrow(), &status) != 0) return fail_reading(path.string());
  if (S_ISDIR(status.st_mode)) return read_directory(std::move(fd), limits, identity, progress);
  if (!S_ISREG(status.st_mode)) {
    return fail_odd(path.string(), status.st_mode, "it changed while it was opened");
  }
  return read_stream(fd, name, limits, identity, progress);
}

}  // namespace mayfly::intake
