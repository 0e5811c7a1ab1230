// How a job sees the dataset: /data/<name> is a link to a descriptor that the sandbox's pid 1
// holds open on sealed memory.
//
// Source    A memfd cannot be bind-mounted (mount(2) answers EINVAL), so a link through
//           /proc/1/fd/N is what makes one file of it: stat, mmap and a second open agree.
// Shapes    Read-only by four means: the link's tree is a read-only mount, the file's mode is 0444
//           and its owner another user (separate_user), and the memory itself is sealed.
// Errors    internal: a descriptor that cannot be opened again.
// Threads   Pure, but for system calls.
#pragma once
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace mayfly::executor {

// In the supervisor: read-only openings of what the client sent, which stays writable for it.
Result<std::vector<UniqueFd>> open_read_only(const std::vector<UniqueFd>& dataset);

// In pid 1, below its `root` opened for writing: data/<name> for each.
Result<void> link_dataset(const UniqueFd& root, const std::vector<std::string>& names,
                          const std::vector<UniqueFd>& descriptors);

}  // namespace mayfly::executor
