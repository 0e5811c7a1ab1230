// Which system calls a job may make: policy as data, one reason per rule, compiled to a BPF filter.
//
// Source    Linux seccomp(2); numbers by libseccomp for the machine we run on.
// Shapes    An allow list. A known call that is not allowed answers its rule's errno (mostly
// EPERM);
//           a number newer than the table answers ENOSYS, so that libc falls back; a foreign ABI
//           (x32, i386) kills the process. Within one call the first rule that matches decides.
// Errors    unavailable: the kernel refuses the filter.  internal: a rule that cannot be compiled.
// Threads   Pure, except install(), which confines the calling thread.
#pragma once
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "crypto/sha2.hpp"

namespace mayfly::executor {

struct CompiledPolicy {
  std::string name;
  crypto::Sha256 hash;  // of policy_text() without its reasons: sed 's/  # .*//' | sha256sum
  Bytes filter;         // struct sock_filter[]
};

Result<CompiledPolicy> compile_default_policy();

// Precondition: no_new_privs is set. Last step, in the child. Allocates nothing.
// The value is the listener (seccomp_unotify(2)): recorded calls wait for whoever holds it, and
// fail with ENOSYS once nobody does.
Result<UniqueFd> install(const CompiledPolicy& policy);

// A call whose every use, or some, waits for the file recorder.
bool is_recorded_call(long number);

// The rules in a stable text form, sorted by call, each with its reason: what the manual shows.
std::string policy_text();

}  // namespace mayfly::executor
