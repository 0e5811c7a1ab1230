// What a run may spend on a model. Set aside before each call, settled after it: two calls at once
// can not both spend what is left.
//
// Shapes    Tokens are the provider's. Input is estimated as a third of the request's bytes before
//           it is known. A call that does not say what it used is charged what was set aside.
//           Money is millionths of a US dollar ("microusd"); prices are of a million tokens, and
//           are the submitter's: cached input costs as much as fresh.
// Errors    None: a reservation that cannot be made names the limit.
// Threads   Budget is safe from any thread.
#pragma once
#include <cstdint>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>

#include "gateway/usage_reader.hpp"

namespace mayfly::gateway {

struct CostLimit {
  std::int64_t cost_microusd = 0;
  std::int64_t input_microusd_per_million_tokens = 0;
  std::int64_t output_microusd_per_million_tokens = 0;
  bool operator==(const CostLimit&) const = default;
};

// Every limit is filled in; only money may be without one, where a model costs none.
struct BudgetLimits {
  std::int64_t calls = 100;
  std::int64_t input_tokens = 2'000'000;
  std::int64_t output_tokens = 200'000;
  std::int64_t total_tokens = 2'000'000;
  std::int64_t output_tokens_per_call = 32'000;
  std::int64_t wall_ms = 3'600'000;  // from the first moment of the run
  std::optional<CostLimit> cost{};
  bool operator==(const BudgetLimits&) const = default;
};

// Between 1 and this; money and prices up to it, too.
inline constexpr std::int64_t budget_value_max = 1'000'000'000'000;

struct Reservation {
  std::int64_t input_tokens = 0;
  std::int64_t output_tokens = 0;  // the call must not ask for more
};
// "calls", "input_tokens", "output_tokens", "total_tokens", "cost", "wall": which limit it was.
struct OverBudget {
  std::string_view limit;
};

class Budget {
 public:
  explicit Budget(const BudgetLimits& limits) : limits_(limits) {}

  // `asked_output_tokens`: absent when the call names no bound; 0 when it makes nobody write.
  std::variant<Reservation, OverBudget> reserve(std::int64_t request_bytes,
                                                std::optional<std::int64_t> asked_output_tokens,
                                                std::int64_t elapsed_ms);
  // Absent: the reply did not say.
  void settle(const Reservation& reserved, const std::optional<TokenUsage>& used);
  // Nothing was generated: the provider refused, or could not be reached.
  void release(const Reservation& reserved) { settle(reserved, TokenUsage{}); }

  std::set<std::string, std::less<>> limits_hit() const;

 private:
  std::int64_t left_for_output(std::int64_t input_tokens) const;
  OverBudget hit(std::string_view limit);

  mutable std::mutex mutex_;
  BudgetLimits limits_;
  std::int64_t calls_ = 0;
  std::int64_t input_tokens_ = 0;  // spent and set aside
  std::int64_t output_tokens_ = 0;
  std::set<std::string, std::less<>> hit_;
};

}  // namespace mayfly::gateway
