// A weakening, named so that `git grep PlaintextFromNetwork` finds every use of it.
#pragma once
#include <string>

namespace mayfly::api {

// The server speaks HTTP without encryption: whoever is on the way reads datasets and API keys.
// Right only where that way is trusted otherwise: a container whose port is published to a
// TLS-terminating front on the same host.
struct PlaintextFromNetwork {
  std::string reason;  // for the log line at start
};

}  // namespace mayfly::api
