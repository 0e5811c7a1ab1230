// Which logs are believed, and how many of which witnesses must have seen a checkpoint.
//
// Source    C2SP tlog-policy.
// Shapes    Lines "log", "witness", "group", "quorum" and comments; at most log_policy_bytes_max
//           and log_policy_names_max of each kind.
// Errors    malformed / limit, naming the line.
// Threads   Pure functions.
#pragma once
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "transparency/note.hpp"

namespace mayfly::transparency {

inline constexpr std::size_t log_policy_bytes_max = std::size_t{64} * 1024;
inline constexpr std::size_t log_policy_names_max = 128;  // logs, witnesses, groups: of each

struct PolicyLog {
  VerifierKey key;
  std::optional<std::string> url;
};
struct PolicyWitness {
  std::string name;  // inside the policy only
  VerifierKey key;
  std::optional<std::string> url;  // its submission prefix
};
struct PolicyGroup {
  std::string name;
  std::size_t threshold = 1;
  std::vector<std::string> members;  // witnesses and earlier groups
};
struct LogPolicy {
  std::vector<PolicyLog> logs;
  std::vector<PolicyWitness> witnesses;
  std::vector<PolicyGroup> groups;    // each after its members
  std::optional<std::string> quorum;  // absent: "none", no witness is asked for
};
Result<LogPolicy> parse_log_policy(ByteView text);

// `cosigned`: names of the policy's witnesses whose cosignature was verified.
bool quorum_is_met(const LogPolicy& policy, const std::set<std::string>& cosigned);

}  // namespace mayfly::transparency
