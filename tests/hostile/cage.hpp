// Where the controls of the hostile tests run: throw-away namespaces and a control group, with one
// protection of the sandbox left out, so that an attack can be seen to work.
//
// Shapes    Always: user namespace (root of it is nobody outside), mount, pid and uts namespaces, a
//           root of its own in a tmpfs without any file of the host, bounded memory, processes and
//           time. Never: seccomp, capability dropping, nosuid, sealed data. The rest is in Holes.
// Errors    nullopt: this machine makes no user namespaces.
#pragma once
#include <optional>
#include <string>
#include <vector>

namespace mayfly::hostile {

enum class Shared : std::uint8_t { no, yes };

struct Holes {
  Shared network = Shared::no;
  Shared ipc = Shared::no;
  Shared environment = Shared::no;
  Shared descriptor = Shared::no;  // one more than 0, 1, 2
  Shared sys = Shared::no;         // an empty /sys/fs/cgroup
  std::string host_file;           // also there at its own path; empty: none
  std::string orphan_name;         // ask about a process of this name once the attack has ended
};

struct CageResult {
  int exit_code = -1;  // of the attack; with orphan_name, Verdict::achieved when the orphan lives
  int signal = 0;
  std::string output;  // bounded
  std::size_t output_bytes = 0;
};

std::optional<CageResult> run_in_cage(const std::string& program,
                                      const std::vector<std::string>& arguments,
                                      const Holes& holes);

}  // namespace mayfly::hostile
