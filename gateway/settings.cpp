#include "gateway/settings.hpp"

#include "gateway/json_view.hpp"

namespace mayfly::gateway {
namespace {

std::unexpected<Error> bad_setting(std::string_view member) {
  return fail(ErrorCode::malformed, "the gateway's settings: " + std::string(member));
}

std::string text_list(const std::vector<std::string>& texts) {
  std::string out = "[";
  for (const std::string& text : texts) {
    if (out.size() > 1) out += ',';
    out += json_string(text);
  }
  return out + "]";
}

Result<void> read_budget(const JsonView& json, BudgetLimits& into) {
  const auto budget = json.member("budget");
  if (!budget) return bad_setting("budget");
  for (const BudgetField& field : budget_fields) {
    const auto value = budget->integer_member(field.name);
    if (!value) return bad_setting(field.name);
    into.*(field.member) = *value;
  }
  const auto cost = budget->member("cost");
  if (!cost) return bad_setting("cost");
  if (!cost->is_null()) {
    CostLimit limit;
    for (const CostField& field : cost_fields) {
      const auto value = cost->integer_member(field.name);
      if (!value) return bad_setting(field.name);
      limit.*(field.member) = *value;
    }
    into.cost = limit;
  }
  return check_budget(into);
}

Result<void> read_text(const JsonView& json, std::string_view name, std::string& into) {
  auto text = json.string_member(name);
  if (!text) return bad_setting(name);
  into = std::move(*text);
  return {};
}

}  // namespace

Result<void> check_budget(const BudgetLimits& limits) {
  const auto check = [](std::string_view name, std::int64_t value, std::int64_t least) {
    if (value >= least && value <= budget_value_max) return Result<void>();
    return Result<void>(fail(ErrorCode::limit, "the model budget's " + std::string(name) +
                                                   " must be from " + std::to_string(least) +
                                                   " to " + std::to_string(budget_value_max)));
  };
  for (const BudgetField& field : budget_fields) {
    CHECK_OK(check(field.name, limits.*(field.member), 1));
  }
  if (!limits.cost) return {};
  for (const CostField& field : cost_fields) {
    CHECK_OK(check(field.name, *limits.cost.*(field.member), field.least));
  }
  return {};
}

std::string encode_settings(const Settings& settings) {
  std::string budget;
  for (const BudgetField& field : budget_fields) {
    budget += json_string(field.name) + ":" + std::to_string(settings.budget.*(field.member)) + ",";
  }
  std::string cost = "null";
  if (settings.budget.cost) {
    cost = "{";
    for (const CostField& field : cost_fields) {
      if (cost.size() > 1) cost += ',';
      cost += json_string(field.name) + ":" + std::to_string(*settings.budget.cost.*(field.member));
    }
    cost += "}";
  }
  std::vector<std::string> wires;
  for (const Wire wire : settings.wires) wires.emplace_back(to_string(wire));
  return "{\"url\":" + json_string(settings.url) + ",\"ca_file\":" + json_string(settings.ca_file) +
         ",\"wires\":" + text_list(wires) + ",\"run_token\":" + json_string(settings.run_token) +
         ",\"models\":" + text_list(settings.models) + ",\"budget\":{" + budget +
         "\"cost\":" + cost +
         "},\"disclosure_key\":" + json_string(crypto::to_text(settings.disclosure_key)) +
         ",\"idle_ms_max\":" + std::to_string(settings.idle_ms_max) + "}";
}

Result<Settings> decode_settings(std::string_view text) {
  if (text.size() > settings_bytes_max) return bad_setting("longer than settings_bytes_max");
  TRY(const JsonView json, JsonView::parse(text));
  Settings settings;
  CHECK_OK(read_text(json, "url", settings.url));
  CHECK_OK(read_text(json, "ca_file", settings.ca_file));
  CHECK_OK(read_text(json, "run_token", settings.run_token));
  if (settings.run_token.empty() || settings.run_token.size() > token_bytes_max) {
    return bad_setting("run_token");
  }
  std::string disclosure_key;
  CHECK_OK(read_text(json, "disclosure_key", disclosure_key));
  TRY(settings.disclosure_key, crypto::sha256_from_text(disclosure_key));
  const auto wires = json.member("wires");
  const auto models = json.member("models");
  if (!wires || !models || models->elements().size() > models_max)
    return bad_setting("wires or models");
  for (const JsonView& one : wires->elements()) {
    const auto wire = wire_of(one.string().value_or(""));
    if (!wire) return bad_setting("wires");
    settings.wires.push_back(*wire);
  }
  for (const JsonView& one : models->elements()) {
    auto model = one.string();
    if (!model || model->empty()) return bad_setting("models");
    settings.models.push_back(std::move(*model));
  }
  CHECK_OK(read_budget(json, settings.budget));
  const auto idle = json.integer_member("idle_ms_max");
  if (!idle || *idle < 1 || *idle > 24 * 3600 * 1000) return bad_setting("idle_ms_max");
  settings.idle_ms_max = static_cast<int>(*idle);
  return settings;
}

}  // namespace mayfly::gateway
