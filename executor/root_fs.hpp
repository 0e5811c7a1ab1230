// The file system a job sees: a private, read-only root with the host's /usr, a few files of /etc,
// minimal /dev and /proc, and one size-limited tmpfs for everything it may write.
//
// Source    pivot_root(2) notes; user_namespaces(7) on locked mounts.
// Shapes    Built by pid 1 of the sandbox in its own mount namespace, as the job's user with its
//           namespace's capabilities. Read-only, nosuid, nodev; /dev has five devices; /work, /tmp
//           and /dev/shm share Limits::disk_bytes and disk_inodes.
// Errors    unavailable: a mount is refused; names the step and, where there is one, the way out.
// Threads   One sandbox, one thread.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "executor/request.hpp"

namespace mayfly::executor {

inline constexpr std::string_view work_directory = "/work";
inline constexpr std::string_view data_directory = "/data";

// What the job itself may use, plus what we put there for it.
struct ScratchSize {
  std::uint64_t bytes = 0;
  std::uint64_t inodes = 0;
};
ScratchSize scratch_size(const RunRequest& request);

// The writable file system, made outside the user namespace, where tmpfs may refuse to be swapped.
// Absent (an ordinary user, or a kernel before 6.3): build_root makes a plain one.
struct Scratch {
  UniqueFd mount;
  std::string swap;  // "noswap", or why it may be swapped
};
Result<Scratch> make_unswappable_scratch(const ScratchSize& size, std::uint32_t owner_uid,
                                         std::uint32_t owner_gid);

class RootFs {
 public:
  // Builds the tree below the current directory; nothing is entered yet.
  static Result<RootFs> build(std::uint64_t dataset_files);
  // The dataset's links may be made below ./data between the two calls.
  // Locks the tree read-only, adds /dev, /proc and the scratch, and makes it the root.
  Result<void> enter(const ScratchSize& size, const Scratch& scratch) &&;

 private:
  RootFs() = default;
};

// Once entered: the job's scripts, mode 0755, in /work.
Result<void> write_scripts(const std::vector<ScriptFile>& scripts);

std::map<std::string, std::string> describe_root(const Limits& limits, const Scratch& scratch);

}  // namespace mayfly::executor
