// mayfly-gateway: the way out of one run. Started by mayfly, never by hand.
#include "cli/standard_streams.hpp"
#include "gateway/gateway_main.hpp"

int main() {
  // 70, as gateway_main() returns when it fails.
  if (!mayfly::cli::hold_standard_descriptors()) return 70;
  return mayfly::gateway::gateway_main();
}
