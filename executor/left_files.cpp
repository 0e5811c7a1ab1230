#include "executor/left_files.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "base/file_io.hpp"
#include "executor/request.hpp"

namespace mayfly::executor {
namespace {

// Below every script name's bound in bytes there is one in parts.
constexpr std::size_t depth_max = 64;

// Never past `folder`, whatever lies there; a pipe without a writer does not block.
UniqueFd open_below(const UniqueFd& folder, const std::string& name, std::uint64_t flags) {
  open_how how{};
  how.flags = flags | O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;
  return UniqueFd(
      static_cast<int>(::syscall(SYS_openat2, folder.borrow(), name.c_str(), &how, sizeof how)));
}

std::unexpected<Error> too_many() {
  return fail(ErrorCode::limit, "the job left more than " + std::to_string(scripts_max) +
                                    " files or " + std::to_string(script_bytes_max) +
                                    " bytes in /work, too many for the stage after it");
}

class Taking {
 public:
  explicit Taking(const UniqueFd& folder) : folder_(folder) {}

  Result<std::vector<ScriptFile>> all() {
    waiting_.emplace_back("");
    while (!waiting_.empty()) {
      const std::string directory = std::move(waiting_.back());
      waiting_.pop_back();
      CHECK_OK(list(directory));
    }
    std::ranges::sort(files_, {}, &ScriptFile::name);
    return std::move(files_);
  }

 private:
  Result<void> list(const std::string& directory);
  Result<void> take(const std::string& name);
  Result<void> take_file(const std::string& name, const UniqueFd& file, std::uint64_t size);

  const UniqueFd& folder_;
  std::vector<std::string> waiting_;  // directories not yet listed, each "" or "name/"
  std::vector<ScriptFile> files_;
  std::size_t bytes_ = 0;
};

Result<void> Taking::list(const std::string& directory) {
  UniqueFd opened = open_below(folder_, directory.empty() ? "." : directory, O_DIRECTORY);
  if (!opened) return fail_errno("opening what the job left: /work/" + directory);
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(opened.borrow()), ::closedir);
  if (!stream) return fail_errno("listing what the job left");
  static_cast<void>(opened.release());  // the stream owns it now
  for (;;) {
    errno = 0;
    const dirent* const entry = ::readdir(stream.get());
    if (entry == nullptr && errno != 0) return fail_errno("listing what the job left");
    if (entry == nullptr) return {};
    const std::string name = entry->d_name;
    if (name != "." && name != "..") CHECK_OK(take(directory + name));
  }
}

Result<void> Taking::take(const std::string& name) {
  struct stat status{};
  if (::fstatat(folder_.borrow(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    return fail_errno("looking at what the job left");
  }
  if (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)) return {};
  CHECK_OK(check_file_name(name, "what the job left"));
  if (S_ISDIR(status.st_mode)) {
    if (static_cast<std::size_t>(std::ranges::count(name, '/')) >= depth_max) {
      return fail(ErrorCode::limit,
                  "the job left folders more than " + std::to_string(depth_max) + " deep in /work");
    }
    if (waiting_.size() == scripts_max) return too_many();
    waiting_.push_back(name + "/");
    return {};
  }
  const UniqueFd file = open_below(folder_, name, 0);
  if (!file) return fail_errno("reading what the job left: /work/" + name);
  return take_file(name, file, static_cast<std::uint64_t>(status.st_size));
}

Result<void> Taking::take_file(const std::string& name, const UniqueFd& file, std::uint64_t size) {
  if (files_.size() == scripts_max || size > script_bytes_max - bytes_) {
    return too_many();
  }
  TRY(Bytes contents, read_to_end(file, size));
  bytes_ += contents.size();
  files_.push_back({.name = name, .contents = std::move(contents)});
  return {};
}

}  // namespace

Result<std::vector<ScriptFile>> take_left_files(const UniqueFd& folder) {
  return Taking(folder).all();
}

}  // namespace mayfly::executor
