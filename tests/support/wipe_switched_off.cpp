// mayfly_without_wipe: the objects of `mayfly`, with the one function that destroys a dataset
// replaced when they are linked. Only this test program can do so: `mayfly` has no switch for it.
//
// Goal      Shows that looking for a canary can fail: through every door the dataset must be found.
// Shapes    Nothing is zeroed, truncated or unmapped, and a `sleep` of ten minutes keeps the file
//           open as its standard input, as a leaked descriptor would, when the program has ended.
//           A test that runs this ends those processes.
#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <set>
#include <string>

#include "intake/memory_file.hpp"

namespace mayfly::test {

using intake::Erasure;
using intake::InodeId;
using intake::MemoryFile;

struct WipeSwitchedOff {
  // Called wherever an object file refers to MemoryFile::erase(): ld(1), --wrap.
  static Erasure erase(MemoryFile& file) noexcept
      asm("__wrap__ZN6mayfly6intake10MemoryFile5eraseEv");
};

namespace {

void keep_open(int fd) {
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, fd, STDIN_FILENO);
  // Not the caller's: whoever reads its output waits for the end of it.
  ::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  ::posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
  char program[] = "/bin/sleep";
  char seconds[] = "600";
  char* const arguments[] = {program, seconds, nullptr};
  char* const environment[] = {nullptr};
  pid_t pid = 0;
  if (::posix_spawn(&pid, program, &actions, nullptr, arguments, environment) != 0) std::abort();
  ::posix_spawn_file_actions_destroy(&actions);
}

// Every dataset file that this process holds, once each.
void keep_every_dataset_open() {
  static std::mutex mutex;
  static std::set<InodeId> kept;
  const std::lock_guard lock(mutex);
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    const auto target = std::filesystem::read_symlink(entry.path(), gone).string();
    struct stat status{};
    if (!target.starts_with("/memfd:mayfly-dataset") ||
        ::stat(entry.path().c_str(), &status) != 0 || status.st_size == 0 ||
        !kept.insert({.device = status.st_dev, .inode = status.st_ino}).second) {
      continue;
    }
    keep_open(std::stoi(entry.path().filename().string()));
  }
}

}  // namespace

Erasure WipeSwitchedOff::erase(MemoryFile& file) noexcept {
  keep_every_dataset_open();
  Erasure nothing_done;
  struct stat status{};
  if (file.read_only_fd() && ::fstat(file.read_only_fd().borrow(), &status) == 0) {
    nothing_done.inode = {.device = status.st_dev, .inode = status.st_ino};
  }
  return nothing_done;
}

}  // namespace mayfly::test
