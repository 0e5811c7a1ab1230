// When the steps of one run were done: what a benchmark shows. Never certified.
//
// Threads   One run, one thread.
#pragma once
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "executor/sandbox.hpp"

namespace mayfly::executor {

class Phases {
 public:
  // The step called `name` is done.
  void mark(std::string name) {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    done_.push_back(
        {std::move(name), std::chrono::duration_cast<std::chrono::microseconds>(now).count()});
  }
  std::vector<Phase> take() { return std::exchange(done_, {}); }

 private:
  std::vector<Phase> done_;
};

}  // namespace mayfly::executor
