// Ctrl-C: the first one asks, the second one ends the process.
//
// Threads   Install once, from main(), before other threads.
#pragma once
#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace mayfly::cli {

class Interrupt {
 public:
  // Catches SIGINT and SIGTERM until the process ends. The second one exits with status 130.
  static Result<Interrupt> install();

  int fd() const { return readable_.borrow(); }  // readable from the first signal on
  bool happened() const;

 private:
  explicit Interrupt(UniqueFd readable) : readable_(std::move(readable)) {}
  UniqueFd readable_;
};

}  // namespace mayfly::cli
