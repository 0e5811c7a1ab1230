// A weakening, named so that `git grep PlaintextLoopback` finds every use of it.
#pragma once

namespace mayfly::gateway {

// The provider is reached without TLS. Only on this machine's loopback address, where a local model
// listens: whoever may read that traffic may read this process, too. Certificates show it as a host
// without a TLS key.
struct PlaintextLoopback {};

}  // namespace mayfly::gateway
