// Everything a run needs from the outside world, put together once per process. Composition only.
#pragma once
#include <map>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "pipeline/execute.hpp"

namespace mayfly::cli {

// Owns what pipeline::Parts points to.
class Workshop {
 public:
  // `store` may be null: then nothing is kept but what the caller writes.
  static Result<Workshop> open(std::unique_ptr<store::Store> store,
                               executor::ReadySandboxes ready = {});
  Workshop(Workshop&&) noexcept;
  Workshop& operator=(Workshop&&) noexcept;
  ~Workshop();

  const pipeline::Parts& parts() const;
  store::Store* store() const;

 private:
  struct State;
  explicit Workshop(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

UnixMillis system_clock_now();
// kernel, swap, core_pattern, init_on_free: what decides how far "destroyed" can be believed.
std::map<std::string, std::string> host_facts();

}  // namespace mayfly::cli
