// What this machine can do for a sandbox, found by trying it: what `mayfly doctor` prints.
//
// Shapes    One fact per mechanism. `weaker`: a run works and its certificate says less. `missing`:
//           a run is refused, or falls back to a weaker mechanism, named in `detail`.
// Errors    None: a probe that fails is a fact. Nothing is left changed on the machine, except that
//           in a delegated v2 group processes move one level down, as the first run would move
//           them. Each probe takes less than 50 ms.
// Threads   Forks short-lived children; call it from a single-threaded program.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace mayfly::executor {

struct HostFact {
  std::string name;  // "userns", "cgroup", "seccomp_user_notif"
  enum class State : std::uint8_t { good, weaker, missing } state = State::missing;
  std::string detail;  // what was found
  std::string fix;     // what to do about it; empty when good
};

std::vector<HostFact> probe_host();

}  // namespace mayfly::executor
