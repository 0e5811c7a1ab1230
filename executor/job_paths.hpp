// Finds what a path of the job names, from a process that has the job's root and user but is not in
// its pid namespace.
//
// Shapes    The kernel resolves every path, in the job's root and with the job's permissions. Only
//           /proc/self and /proc/thread-self need help: to the kernel they are the recorder, which
//           the job's /proc does not know (ENOENT). Then the path is walked part by part here, and
//           those two names are replaced by the caller's own numbers.
// Errors    OrErrno: what the job's call is answered with.
// Threads   One JobPaths, one thread.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/unique_fd.hpp"
#include "executor/notified_call.hpp"

namespace mayfly::executor {

// A file by its directory and the last part of its name, for the calls that end in "at". The name
// keeps a final slash. It may be "." or "..", and "/" for the root itself.
struct Place {
  UniqueFd directory;
  std::string name;
};

enum class LastLink : std::uint8_t { keep, follow };

class JobPaths {
 public:
  // `proc`: /proc of our own pid namespace.
  explicit JobPaths(UniqueFd proc) : proc_(std::move(proc)) {}

  // What a relative path starts from: AT_FDCWD or a descriptor of the calling thread. For an
  // absolute path, the root.
  OrErrno<UniqueFd> base(pid_t thread, int directory, std::string_view path) const;
  OrErrno<Place> place(pid_t thread, int directory, const std::string& path) const;
  // Part by part: slower, and it knows who /proc/self is.
  OrErrno<Place> walk(pid_t thread, const UniqueFd& base, std::string_view path,
                      LastLink last) const;

  // "/usr/lib/x": where an open descriptor of ours is, as the kernel names it.
  std::string path_of(const UniqueFd& fd) const;
  std::string path_of(const Place& place) const;

  // Another open of what one of our descriptors is.
  OrErrno<UniqueFd> open_again(const UniqueFd& fd, int flags) const;
  OrErrno<UniqueFd> open_descriptor(pid_t thread, int number) const;  // O_PATH
  int truncate(const UniqueFd& fd, off_t length) const;               // 0 or an errno
  // Another name for what one of our descriptors is. The value: 0 or an errno.
  int link(const UniqueFd& fd, const Place& to) const;

  // The caller's own numbers in the job's pid namespace, and its process in ours.
  struct Numbers {
    pid_t process = 0;
    pid_t thread = 0;
    pid_t our_process = 0;
    std::uint32_t umask = 0;
  };
  OrErrno<Numbers> numbers(pid_t thread) const;

 private:
  UniqueFd proc_;
};

}  // namespace mayfly::executor
