// What one run's gateway is started with.
//
// Shapes    As text: one JSON object, every member there. The key is never part of it.
// Errors    malformed, naming the member.
// Threads   Plain values and pure functions.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "crypto/sha2.hpp"
#include "gateway/budget.hpp"
#include "gateway/endpoint.hpp"

namespace mayfly::gateway {

inline constexpr std::size_t settings_bytes_max = std::size_t{32} * 1024;
inline constexpr std::size_t token_bytes_max = 128;
inline constexpr std::size_t key_bytes_max = 1024;
inline constexpr std::size_t models_max = 16;
inline constexpr int idle_ms_default = 600'000;

struct Settings {
  std::string url;
  std::string ca_file;              // PEM; empty: the authorities this machine trusts
  std::vector<Wire> wires;          // which languages the provider speaks
  std::string run_token;            // what the job shows instead of the key
  std::vector<std::string> models;  // that may be asked for; empty: any
  BudgetLimits budget;
  crypto::Sha256 disclosure_key;
  int idle_ms_max = idle_ms_default;  // between two bytes of a provider
};

std::string encode_settings(const Settings& settings);
Result<Settings> decode_settings(std::string_view text);
// Each limit from 1 to budget_value_max; prices may be 0.
Result<void> check_budget(const BudgetLimits& limits);

struct BudgetField {
  std::string_view name;
  std::int64_t BudgetLimits::* member;
};
inline constexpr std::array budget_fields = {
    BudgetField{"calls", &BudgetLimits::calls},
    BudgetField{"input_tokens", &BudgetLimits::input_tokens},
    BudgetField{"output_tokens", &BudgetLimits::output_tokens},
    BudgetField{"output_tokens_per_call", &BudgetLimits::output_tokens_per_call},
    BudgetField{"total_tokens", &BudgetLimits::total_tokens},
    BudgetField{"wall_ms", &BudgetLimits::wall_ms},
};
struct CostField {
  std::string_view name;
  std::int64_t CostLimit::* member;
  std::int64_t least;
};
inline constexpr std::array cost_fields = {
    CostField{"cost_microusd", &CostLimit::cost_microusd, 1},
    CostField{"input_microusd_per_million_tokens", &CostLimit::input_microusd_per_million_tokens,
              0},
    CostField{"output_microusd_per_million_tokens", &CostLimit::output_microusd_per_million_tokens,
              0},
};

}  // namespace mayfly::gateway
