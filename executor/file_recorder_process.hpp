// The file recorder's own process: becomes the job's user in the job's namespaces, then answers the
// job's calls until its last process is gone.
//
// Errors    None are returned: an Error goes to the supervisor, and the process ends.
// Threads   One, and those of BlockingCalls.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "base/unique_fd.hpp"
#include "executor/channel.hpp"
#include "executor/digest_table.hpp"
#include "executor/recorded_calls.hpp"
#include "executor/user_mapping.hpp"

namespace mayfly::executor {

struct FileRecorderTask {
  pid_t parent;
  const UniqueFd& sandbox;  // pidfd of pid 1
  pid_t job;                // its process
  UserMapping user;
  KnownFiles known;
  DigestTable remembered;
  std::int64_t file_bytes_max;
  std::optional<std::uint16_t> loopback_port;
  std::string policy;
  std::optional<crypto::Sha256> seed;
  Channel listener;
  Channel supervisor;
  const UniqueFd& record;
};

[[noreturn]] void run_file_recorder(FileRecorderTask task);

}  // namespace mayfly::executor
