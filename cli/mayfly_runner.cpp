// mayfly-runner: the confined side of one run. Started by mayfly, never by hand.
#include "executor/runner_main.hpp"

int main() {
  return mayfly::executor::runner_main();
}
