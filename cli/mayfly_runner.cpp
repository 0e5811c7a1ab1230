// mayfly-runner: the confined side of one run. Started by mayfly, never by hand.
#include "cli/standard_streams.hpp"
#include "executor/runner_main.hpp"

int main() {
  // 70, as runner_main() returns when it fails.
  if (!mayfly::cli::hold_standard_descriptors()) return 70;
  return mayfly::executor::runner_main();
}
