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
#include "executor/user_mapping.hpp"

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
// Absent (an ordinary user, or a kernel before 6.3): RootFs makes a plain one.
struct Scratch {
  UniqueFd mount;
  std::string swap;  // "noswap", or why it may be swapped
};
Result<Scratch> make_unswappable_scratch(std::uint32_t owner_uid, std::uint32_t owner_gid);

// Both are made with hardly any room, before the run is known. Then they get theirs: this one from
// outside, by whoever made it ...
Result<void> give_room(const Scratch& scratch, const ScratchSize& size);
// ... the plain one from inside, by the sandbox, which still has its namespace's capabilities.
Result<void> give_room_inside(const ScratchSize& size);

class RootFs {
 public:
  // Builds the tree below the current directory; nothing is entered yet.
  static Result<RootFs> build();
  // Locks the tree read-only, adds /dev, /proc and the scratch, and makes it the root. The value:
  // the root as a directory that may still be written, for the dataset's links; the job must not
  // get it.
  Result<UniqueFd> enter(const Scratch& scratch) &&;

 private:
  explicit RootFs(UniqueFd writable) : writable_(std::move(writable)) {}
  UniqueFd writable_;
};

// The job's scripts, mode 0755 and the job's own, below `work`: /work of a sandbox whose job does
// not run yet, seen from outside.
Result<void> write_scripts(const UniqueFd& work, const std::vector<ScriptFile>& scripts,
                           const UserMapping& user);

std::map<std::string, std::string> describe_root(const Limits& limits, const Scratch& scratch);

}  // namespace mayfly::executor
