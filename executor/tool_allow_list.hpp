// Which programs a job may execute, by what they are (device and inode), not by what they are
// called: a link, a copy under an allowed name or a second path changes nothing.
//
// Errors    As programs_of_tools.  unavailable: a tool's program cannot be looked at.
// Threads   A value.
#pragma once
#include <sys/stat.h>

#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>

#include "base/result.hpp"

namespace mayfly::executor {

class ToolAllowList {
 public:
  // No tools: every program of the image, and every program the job makes.
  static Result<ToolAllowList> of(std::span<const std::string> tools);

  bool allows(const struct stat& program) const {
    return !programs_ || programs_->contains({program.st_dev, program.st_ino});
  }

 private:
  std::optional<std::set<std::pair<dev_t, ino_t>>> programs_;  // absent: any
};

}  // namespace mayfly::executor
