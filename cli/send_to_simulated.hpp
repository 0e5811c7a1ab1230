// A weakening: data goes to a service that no hardware vouches for. Whoever runs that service, or
// has broken into it, may read what is sealed to it. For trying things out, and for tests.
#pragma once
#include <string>

namespace mayfly::cli {

struct SendToSimulated {
  std::string reason;  // why that is acceptable; shown, never empty
};

}  // namespace mayfly::cli
