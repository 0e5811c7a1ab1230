#include "cli/outcome_text.hpp"

#include <fmt/format.h>

#include "certificate/describe.hpp"
#include "cli/quantities.hpp"

namespace mayfly::cli {
namespace {

constexpr std::size_t shown_bytes_max = 400;

std::string limit_text(executor::LimitKind kind, const certificate::Limits& limits) {
  switch (kind) {
    case executor::LimitKind::memory:
      return fmt::format("over its memory limit of {}", show_bytes(limits.memory_bytes));
    case executor::LimitKind::cpu:
      return fmt::format("over its CPU limit of {}", show_duration_ms(limits.cpu_ms));
    case executor::LimitKind::pids:
      return fmt::format("over its limit of {} processes", limits.pids);
    case executor::LimitKind::disk:
      return fmt::format("over its limit of {} in /work and /tmp", show_bytes(limits.disk_bytes));
  }
  return "over a limit";
}

}  // namespace

std::optional<std::string> outcome_reason(const pipeline::Certified& certified) {
  const executor::Outcome& outcome = certified.report.outcome;
  const certificate::Limits& limits = certified.statement.claim.limits;
  if (const auto* denied = std::get_if<executor::Denied>(&outcome)) {
    return certificate::inert_text(denied->what, shown_bytes_max);
  }
  if (const auto* not_started = std::get_if<executor::NotStarted>(&outcome)) {
    return certificate::inert_text(not_started->why, shown_bytes_max);
  }
  if (std::holds_alternative<executor::TimedOut>(outcome)) {
    return fmt::format("over its time limit of {}", show_duration_ms(limits.wall_ms));
  }
  if (const auto* hit = std::get_if<executor::LimitHit>(&outcome)) {
    return limit_text(hit->kind, limits);
  }
  return std::nullopt;
}

}  // namespace mayfly::cli
