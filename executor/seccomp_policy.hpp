// Which system calls a job may make: policy as data, one reason per rule, compiled to a BPF filter.
//
// Source    Linux seccomp(2); numbers by libseccomp for the machine we run on.
// Shapes    An allow list. A known call that is not allowed answers its rule's errno (mostly
//           EPERM); a number newer than the table answers ENOSYS, so that libc falls back; a
//           foreign ABI (x32, i386) kills the process. Within one call the first rule that matches
//           decides.
// Errors    unavailable: the kernel refuses the filter.  internal: a rule that cannot be compiled.
// Threads   Pure, except install(), which confines the calling thread.
#pragma once
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "crypto/sha2.hpp"

namespace mayfly::executor {

struct CompiledPolicy {
  std::string name;
  crypto::Sha256 hash;  // as policy_hash()
  Bytes filter;         // struct sock_filter[]
};

inline constexpr std::size_t policy_filter_bytes_max = std::size_t{4096} * 8;  // the kernel's own
inline constexpr std::string_view default_policy_name = "default";

// A seeded run's policy also has the recorder answer what is random, and the calendar: seeded.hpp.
enum class Randomness : std::uint8_t { of_the_kernel, seeded };

Result<CompiledPolicy> compile_default_policy();
// By name: "default", "strict", or a language's ("python"). malformed: there is none of that name.
Result<CompiledPolicy> compile_policy(std::string_view name,
                                      Randomness randomness = Randomness::of_the_kernel);
// Of policy_text() without its reasons: sed 's/  # .*//' | sha256sum. Without compiling anything.
Result<crypto::Sha256> policy_hash(std::string_view name,
                                   Randomness randomness = Randomness::of_the_kernel);
std::vector<std::string_view> policy_names();
Result<void> check_policy_name(std::string_view name);

// Precondition: no_new_privs is set. Last step, in the child. Allocates nothing.
// The value is the listener (seccomp_unotify(2)): recorded calls wait for whoever holds it, and
// fail with ENOSYS once nobody does.
Result<UniqueFd> install(const CompiledPolicy& policy);

// A call whose every use, or some, waits for the file recorder, in any policy.
bool is_recorded_call(long number);
// Those that wait only to be refused and written down.
std::set<long> calls_refused_by_the_recorder(std::string_view policy);
// "ptrace"; "1023" for one that has no name.
std::string call_name(long number);

// The rules in a stable text form, sorted by call, each with its reason: what the manual shows.
// Precondition: there is a policy of that name.
std::string policy_text(std::string_view policy = default_policy_name,
                        Randomness randomness = Randomness::of_the_kernel);

}  // namespace mayfly::executor
