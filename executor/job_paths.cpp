#include "executor/job_paths.hpp"

#include <fcntl.h>
#include <linux/limits.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <optional>

#include "executor/proc_files.hpp"

namespace mayfly::executor {
namespace {

constexpr int links_max = 40;         // the kernel's own
constexpr ino_t proc_root_inode = 1;  // of every proc(5)

OrErrno<UniqueFd> open_path(const UniqueFd& directory, const std::string& name, int flags) {
  UniqueFd fd(::openat(directory.borrow(), name.c_str(), O_PATH | O_CLOEXEC | flags));
  if (!fd) return std::unexpected(errno);
  return fd;
}

OrErrno<UniqueFd> open_root() {
  UniqueFd fd(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return std::unexpected(errno);
  return fd;
}

// The text of a link; a link of /proc that jumps (fd/3, cwd, root, exe) has none that means much.
OrErrno<std::string> target_of(const UniqueFd& link) {
  std::string target(PATH_MAX, '\0');
  const ssize_t size = ::readlinkat(link.borrow(), "", target.data(), target.size());
  if (size < 0) return std::unexpected(errno);
  target.resize(static_cast<std::size_t>(size));
  return target;
}

enum class ProcPlace : std::uint8_t { none, root, below };
ProcPlace proc_place(const UniqueFd& directory) {
  struct statfs system{};
  struct stat status{};
  if (::fstatfs(directory.borrow(), &system) != 0 || system.f_type != PROC_SUPER_MAGIC) {
    return ProcPlace::none;
  }
  const bool root = ::fstat(directory.borrow(), &status) == 0 && status.st_ino == proc_root_inode;
  return root ? ProcPlace::root : ProcPlace::below;
}

// What is left of a path while it is walked: the next part is at its front.
class Parts {
 public:
  explicit Parts(std::string_view path) : rest_(path) { skip_slashes(); }
  bool is_last() const { return rest_.find_first_not_of('/', end()) == std::string::npos; }
  bool ends_in_slash() const { return end() < rest_.size(); }
  std::string_view next() const { return std::string_view(rest_).substr(0, end()); }
  void drop() {
    rest_.erase(0, end());
    skip_slashes();
  }
  void replace(std::string_view by) { rest_.replace(0, end(), by); }
  bool empty() const { return rest_.empty(); }
  bool is_absolute() const { return rest_.starts_with('/'); }
  void skip_slashes() { rest_.erase(0, rest_.find_first_not_of('/')); }

 private:
  std::size_t end() const { return std::min(rest_.find('/'), rest_.size()); }
  std::string rest_;
};

// The last number of a line: for NSpid and NStgid, the innermost namespace's.
std::optional<pid_t> last_number(std::optional<std::string_view> line) {
  if (!line) return std::nullopt;
  const std::size_t start = line->find_last_of(" \t") + 1;
  pid_t value = 0;
  const auto parsed = std::from_chars(line->data() + start, line->data() + line->size(), value);
  if (parsed.ec != std::errc()) return std::nullopt;
  return value;
}

}  // namespace

OrErrno<UniqueFd> JobPaths::base(pid_t thread, int directory, std::string_view path) const {
  if (path.starts_with('/')) return open_root();
  if (directory != AT_FDCWD) return open_descriptor(thread, directory);
  return open_path(proc_, std::to_string(thread) + "/cwd", O_DIRECTORY);
}

OrErrno<Place> JobPaths::place(pid_t thread, int directory, const std::string& path) const {
  if (path.empty()) return std::unexpected(ENOENT);
  auto start = base(thread, directory, path);
  if (!start) return std::unexpected(start.error());
  const std::size_t name_end = path.find_last_not_of('/');
  if (name_end == std::string::npos) return Place{std::move(*start), "/"};
  const std::size_t slash = path.find_last_of('/', name_end);
  if (slash == std::string::npos) return Place{std::move(*start), path};
  auto parent = open_path(*start, path.substr(0, slash + 1), O_DIRECTORY);
  if (parent) return Place{std::move(*parent), path.substr(slash + 1)};
  if (parent.error() != ENOENT) return std::unexpected(parent.error());
  return walk(thread, *start, path, LastLink::keep);
}

OrErrno<Place> JobPaths::walk(pid_t thread, const UniqueFd& base, std::string_view path,
                              LastLink last) const {
  auto at = path.starts_with('/') ? open_root() : open_path(base, ".", 0);
  Parts parts(path);
  for (int links = 0; at;) {
    if (parts.empty()) return Place{std::move(*at), "."};
    const std::string name(parts.next());
    const bool is_last = parts.is_last();
    auto next = open_path(*at, name, O_NOFOLLOW);
    if (!next && is_last) break;  // Whoever asked decides what a missing name means.
    if (!next) return std::unexpected(next.error());
    struct stat status{};
    if (::fstat(next->borrow(), &status) != 0) return std::unexpected(errno);
    if (!S_ISLNK(status.st_mode)) {
      if (is_last) break;
      at = std::move(next);
      parts.drop();
      continue;
    }
    if (is_last && !parts.ends_in_slash() && last == LastLink::keep) break;
    if (++links > links_max) return std::unexpected(ELOOP);
    const ProcPlace proc = proc_place(*at);
    if (proc == ProcPlace::below && is_last) break;
    if (proc == ProcPlace::below) {
      at = open_path(*at, name, 0);
      parts.drop();
      continue;
    }
    if (proc == ProcPlace::root && (name == "self" || name == "thread-self")) {
      const auto own = numbers(thread);
      if (!own) return std::unexpected(own.error());
      std::string by = std::to_string(own->process);
      if (name == "thread-self") by += "/task/" + std::to_string(own->thread);
      parts.replace(by);
      continue;
    }
    const auto target = target_of(*next);
    if (!target) return std::unexpected(target.error());
    parts.replace(*target);
    if (parts.is_absolute()) {
      at = open_root();
      parts.skip_slashes();
    }
  }
  if (!at) return std::unexpected(at.error());
  std::string name(parts.next());
  if (parts.ends_in_slash()) name += '/';
  return Place{std::move(*at), std::move(name)};
}

std::string JobPaths::path_of(const UniqueFd& fd) const {
  const std::string link = "self/fd/" + std::to_string(fd.borrow());
  std::array<char, PATH_MAX> path;
  const ssize_t size = ::readlinkat(proc_.borrow(), link.c_str(), path.data(), path.size());
  return size < 0 ? "?" : std::string(path.data(), static_cast<std::size_t>(size));
}

std::string JobPaths::path_of(const Place& place) const {
  std::string path = path_of(place.directory);
  if (place.name == "/" || place.name == ".") return path;
  if (!path.ends_with('/')) path += '/';
  path += place.name;
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

OrErrno<UniqueFd> JobPaths::open_again(const UniqueFd& fd, int flags) const {
  const std::string link = "self/fd/" + std::to_string(fd.borrow());
  UniqueFd opened(::openat(proc_.borrow(), link.c_str(), flags | O_CLOEXEC | O_NOCTTY));
  if (!opened) return std::unexpected(errno);
  return opened;
}

int JobPaths::truncate(const UniqueFd& fd, off_t length) const {
  // By the link in our own /proc, which no path of the job's root leads to.
  const UniqueFd own(::openat(proc_.borrow(), "self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!own || ::fchdir(own.borrow()) != 0) return errno;
  return ::truncate(std::to_string(fd.borrow()).c_str(), length) == 0 ? 0 : errno;
}

int JobPaths::link(const UniqueFd& fd, const Place& to) const {
  const std::string link = "self/fd/" + std::to_string(fd.borrow());
  return ::linkat(proc_.borrow(), link.c_str(), to.directory.borrow(), to.name.c_str(),
                  AT_SYMLINK_FOLLOW) == 0
             ? 0
             : errno;
}

OrErrno<UniqueFd> JobPaths::open_descriptor(pid_t thread, int number) const {
  if (number < 0) return std::unexpected(EBADF);
  auto fd = open_path(proc_, std::to_string(thread) + "/fd/" + std::to_string(number), 0);
  if (!fd && fd.error() == ENOENT) return std::unexpected(EBADF);
  return fd;
}

OrErrno<JobPaths::Numbers> JobPaths::numbers(pid_t thread) const {
  const std::string name = std::to_string(thread) + "/status";
  const UniqueFd file(::openat(proc_.borrow(), name.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return std::unexpected(ESRCH);
  std::array<char, status_bytes_max> buffer;
  const ssize_t size = ::read(file.borrow(), buffer.data(), buffer.size());
  if (size <= 0) return std::unexpected(ESRCH);
  const std::string_view text(buffer.data(), static_cast<std::size_t>(size));
  const auto process = last_number(status_field(text, "NStgid"));
  const auto inner_thread = last_number(status_field(text, "NSpid"));
  const auto our_process = last_number(status_field(text, "Tgid"));
  const auto mask = status_field(text, "Umask");
  Numbers numbers;
  if (!process || !inner_thread || !our_process || !mask) return std::unexpected(ESRCH);
  numbers.process = *process;
  numbers.thread = *inner_thread;
  numbers.our_process = *our_process;
  const std::size_t digits = mask->find_first_not_of(" \t");
  if (digits == std::string_view::npos) return std::unexpected(ESRCH);
  std::from_chars(mask->data() + digits, mask->data() + mask->size(), numbers.umask, 8);
  return numbers;
}

}  // namespace mayfly::executor
