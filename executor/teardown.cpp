#include "executor/teardown.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <string_view>

#include "base/file_io.hpp"

namespace mayfly::executor {
namespace {

constexpr std::size_t mountinfo_bytes_max = std::size_t{16} * 1024 * 1024;

bool links_to(int proc, const std::string& path, std::string_view wanted) {
  std::array<char, 64> text{};
  const ssize_t size = ::readlinkat(proc, path.c_str(), text.data(), text.size());
  // Gone meanwhile, or another user's, whose namespace ours cannot be.
  if (size < 0) return false;
  return std::string_view(text.data(), static_cast<std::size_t>(size)) == wanted;
}

Result<std::int64_t> count_processes(std::string_view pid_namespace) {
  const std::unique_ptr<DIR, int (*)(DIR*)> proc(::opendir("/proc"), ::closedir);
  if (!proc) return fail_errno("listing /proc");
  const int directory = ::dirfd(proc.get());
  std::int64_t count = 0;
  while (const dirent* entry = ::readdir(proc.get())) {
    const std::string name = entry->d_name;
    if (name.front() < '0' || name.front() > '9') continue;
    if (links_to(directory, name + "/ns/pid", pid_namespace)) ++count;
  }
  return count;
}

Result<std::int64_t> count_mounts() {
  TRY(const Bytes text, read_file("/proc/self/mountinfo", mountinfo_bytes_max));
  std::int64_t count = 0;
  constexpr std::string_view ours = " - tmpfs mayfly ";
  const std::string_view all = text_of(text);
  for (std::size_t at = all.find(ours); at != std::string_view::npos; at = all.find(ours, at + 1)) {
    ++count;
  }
  return count;
}

}  // namespace

Result<Teardown> look_for_remains(const std::string& pid_namespace,
                                  std::optional<std::int64_t> members) {
  Teardown found;
  if (members) {
    found.processes_left = *members;
  } else {
    TRY(found.processes_left, count_processes(pid_namespace));
  }
  TRY(found.mounts_left, count_mounts());
  found.scanned = {"processes", "mounts"};
  return found;
}

}  // namespace mayfly::executor
