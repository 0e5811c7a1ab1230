#include "gateway/budget.hpp"

#include <algorithm>

namespace mayfly::gateway {
namespace {

constexpr std::int64_t bytes_per_token = 3;
constexpr std::int64_t million = 1'000'000;

// Wide enough for tokens_max at the highest price.
__extension__ using Wide = __int128;

Wide cost_of(std::int64_t tokens, std::int64_t price) {
  return Wide{tokens} * price;  // millionths of a microusd
}

}  // namespace

OverBudget Budget::hit(std::string_view limit) {
  hit_.emplace(limit);
  return {limit};
}

// How much may still be written after `input_tokens` more are read; below 1: nothing.
std::int64_t Budget::left_for_output(std::int64_t input_tokens) const {
  const std::int64_t input = input_tokens_ + input_tokens;
  std::int64_t left =
      std::min({limits_.output_tokens_per_call, limits_.output_tokens - output_tokens_,
                limits_.total_tokens - input - output_tokens_});
  if (limits_.cost) {
    const CostLimit& cost = *limits_.cost;
    const Wide spent = cost_of(input, cost.input_microusd_per_million_tokens) +
                       cost_of(output_tokens_, cost.output_microusd_per_million_tokens);
    const Wide money = Wide{cost.cost_microusd} * million - spent;
    if (money < 0) return 0;
    if (cost.output_microusd_per_million_tokens > 0) {
      left = static_cast<std::int64_t>(
          std::min<Wide>(left, money / cost.output_microusd_per_million_tokens));
    }
  }
  return left;
}

std::variant<Reservation, OverBudget> Budget::reserve(
    std::int64_t request_bytes, std::optional<std::int64_t> asked_output_tokens,
    std::int64_t elapsed_ms) {
  const std::scoped_lock lock(mutex_);
  if (elapsed_ms >= limits_.wall_ms) return hit("wall");
  if (calls_ >= limits_.calls) return hit("calls");
  const bool writes = asked_output_tokens != 0;
  const std::int64_t input = writes ? request_bytes / bytes_per_token + 1 : 0;
  if (input_tokens_ + input > limits_.input_tokens) return hit("input_tokens");
  if (!writes) {
    ++calls_;
    return Reservation{};
  }
  if (output_tokens_ >= limits_.output_tokens) return hit("output_tokens");
  if (input_tokens_ + input + output_tokens_ >= limits_.total_tokens) return hit("total_tokens");
  const std::int64_t left = left_for_output(input);
  if (left < 1) return hit("cost");
  ++calls_;
  const Reservation reserved{input, std::min(left, asked_output_tokens.value_or(left))};
  input_tokens_ += reserved.input_tokens;
  output_tokens_ += reserved.output_tokens;
  return reserved;
}

void Budget::settle(const Reservation& reserved, const std::optional<TokenUsage>& used) {
  if (!used) return;  // what was set aside stays spent
  const std::scoped_lock lock(mutex_);
  input_tokens_ += used->input - reserved.input_tokens;
  output_tokens_ += used->output - reserved.output_tokens;
}

std::set<std::string, std::less<>> Budget::limits_hit() const {
  const std::scoped_lock lock(mutex_);
  return hit_;
}

}  // namespace mayfly::gateway
