#include "cli/llm_terms.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>

#include "cli/input_file.hpp"
#include "cli/quantities.hpp"
#include "cli/secret_file.hpp"
#include "pipeline/agent.hpp"

namespace mayfly::cli {
namespace {

using gateway::BudgetLimits;
using gateway::CostLimit;

std::unexpected<Error> bad_budget(std::string_view why) {
  return fail(ErrorCode::malformed, fmt::format("--llm-budget: {}; its limits and their defaults: "
                                                "{}",
                                                why, budget_help));
}

struct NamedBudget {
  std::string_view name;
  std::int64_t BudgetLimits::* member;
};
constexpr std::array counted = {
    NamedBudget{"calls", &BudgetLimits::calls},
    NamedBudget{"input", &BudgetLimits::input_tokens},
    NamedBudget{"output", &BudgetLimits::output_tokens},
    NamedBudget{"total", &BudgetLimits::total_tokens},
    NamedBudget{"per-call", &BudgetLimits::output_tokens_per_call},
};
struct NamedMoney {
  std::string_view name;
  std::int64_t CostLimit::* member;
};
constexpr std::array money = {
    NamedMoney{"cost", &CostLimit::cost_microusd},
    NamedMoney{"price-in", &CostLimit::input_microusd_per_million_tokens},
    NamedMoney{"price-out", &CostLimit::output_microusd_per_million_tokens},
};

std::optional<std::int64_t> parse_digits(std::string_view text) {
  constexpr std::size_t digits_max = 12;
  if (text.empty() || text.size() > digits_max ||
      text.find_first_not_of("0123456789") != std::string_view::npos) {
    return std::nullopt;
  }
  std::int64_t value = 0;
  for (const char c : text) value = value * 10 + (c - '0');
  return value;
}

// "0.50" -> 500,000.
std::optional<std::int64_t> parse_usd(std::string_view text) {
  constexpr std::size_t decimals = 6;
  const std::size_t point = std::min(text.find('.'), text.size());
  std::string fraction(text.substr(std::min(point + 1, text.size())));
  if (fraction.size() > decimals || (point < text.size() && fraction.empty())) return std::nullopt;
  fraction.resize(decimals, '0');
  const auto whole = parse_digits(text.substr(0, point));
  const auto parts = parse_digits(fraction);
  if (!whole || !parts || *whole > 999'999) return std::nullopt;
  return *whole * 1'000'000 + *parts;
}

Result<void> apply_budget(std::string_view item, BudgetLimits& limits) {
  const std::size_t equals = std::min(item.find('='), item.size());
  const std::string_view name = item.substr(0, equals);
  const std::string_view value = item.substr(std::min(equals + 1, item.size()));
  if (const auto one = std::ranges::find(counted, name, &NamedBudget::name); one != counted.end()) {
    const auto number = parse_digits(value);
    if (!number) return bad_budget(fmt::format("{} must be a whole number", name));
    limits.*(one->member) = *number;
    return {};
  }
  if (const auto one = std::ranges::find(money, name, &NamedMoney::name); one != money.end()) {
    const auto amount = parse_usd(value);
    if (!amount) return bad_budget(fmt::format("{} must be US dollars, such as 0.50", name));
    if (!limits.cost) limits.cost.emplace();
    (*limits.cost).*(one->member) = *amount;
    return {};
  }
  if (name != "wall") return bad_budget(fmt::format("no limit is called \"{}\"", name));
  auto wall = parse_duration_ms(value);
  if (!wall) return bad_budget("wall must be a time, such as 60s");
  limits.wall_ms = *wall;
  return {};
}

Result<BudgetLimits> budget_from(std::string_view text) {
  BudgetLimits limits;
  std::vector<std::string_view> names;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const std::string_view item = text.substr(0, comma);
    const std::string_view name = item.substr(0, item.find('='));
    if (std::ranges::find(names, name) != names.end()) {
      return bad_budget(fmt::format("{} is given twice", name));
    }
    names.push_back(name);
    CHECK_OK(apply_budget(item, limits));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  const auto is_given = [&](const NamedMoney& one) {
    return std::ranges::find(names, one.name) != names.end();
  };
  if (limits.cost && !std::ranges::all_of(money, is_given)) {
    return bad_budget("cost, price-in and price-out belong together");
  }
  if (auto checked = gateway::check_budget(limits); !checked) {
    return bad_budget(checked.error().message());
  }
  return limits;
}

Result<std::string> prompt_from(const std::string& option) {
  if (!option.starts_with('@')) return option;
  auto text = read_regular_file(option.substr(1), pipeline::prompt_bytes_max);
  if (!text) return std::unexpected(std::move(text).error().while_doing("--llm-prompt"));
  return std::string(text_of(*text));
}

}  // namespace

Result<LlmTerms> llm_terms_from(const LlmOptions& options) {
  LlmTerms terms;
  TRY(terms.budget, budget_from(options.budget));
  TRY(terms.prompt, prompt_from(options.prompt));
  if (!options.key_file.empty()) {
    TRY(crypto::LockedSecret key,
        read_secret_file("--llm-key-file", options.key_file, gateway::key_bytes_max));
    terms.key = std::make_shared<const crypto::LockedSecret>(std::move(key));
  } else if (options.provider == "anthropic" || options.provider == "openai") {
    return fail(ErrorCode::malformed, "--llm " + options.provider + " needs --llm-key-file FILE");
  }
  return terms;
}

}  // namespace mayfly::cli
