// The one address a job can reach when its run asked for it: a listener on 127.0.0.1 of the job's
// own network namespace, made before the job and answered from outside. Nothing else is up there.
//
// Source    netdevice(7), network_namespaces(7): a socket stays in the namespace it was made in.
// Errors    internal, naming the step.
// Threads   For the sandbox's first process, while it has its namespace's capabilities.
#pragma once
#include <cstdint>

#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace mayfly::executor {

inline constexpr int loopback_backlog = 128;

// Brings the loopback interface up; the value listens, and does not block.
Result<UniqueFd> open_loopback_listener(std::uint16_t port);

}  // namespace mayfly::executor
