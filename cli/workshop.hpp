// Everything a run needs from the outside world, put together once per process. Composition only.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "cli/attest_choice.hpp"
#include "pipeline/execute.hpp"
#include "transparency/log_policy.hpp"

namespace mayfly::cli {

// Whether a run may call a model: only then is the gateway's program looked for and measured.
enum class ModelCalls : std::uint8_t { none, possible };

struct WorkshopParts {
  std::unique_ptr<store::Store> store;  // null: nothing is kept but what the caller writes
  std::unique_ptr<store::Log> log;      // null: nothing is counted
  std::optional<transparency::LogPolicy> witnesses{};  // every entry of the log needs their quorum
  executor::ReadySandboxes ready{};                    // built ahead of their runs
  ModelCalls model_calls = ModelCalls::none;
  AttestChoice attest{};
};

// Owns what pipeline::Parts points to.
class Workshop {
 public:
  static Result<Workshop> open(WorkshopParts given);
  Workshop(Workshop&&) noexcept;
  Workshop& operator=(Workshop&&) noexcept;
  ~Workshop();

  const pipeline::Parts& parts() const;
  store::Store* store() const;
  store::Log* log() const;

 private:
  struct State;
  explicit Workshop(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

UnixMillis system_clock_now();
// kernel, swap, core_pattern, init_on_free: what decides how far "destroyed" can be believed.
std::map<std::string, std::string> host_facts();

}  // namespace mayfly::cli
