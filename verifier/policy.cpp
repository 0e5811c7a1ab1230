#include "verifier/policy.hpp"

#include <algorithm>

namespace mayfly::verifier {
namespace {

std::string reason_of(const Any& any) {
  return any.reason.empty() ? "no reason given" : any.reason;
}

std::string name_of(const std::string& line) {
  return line.substr(0, line.find(':'));
}

}  // namespace

Policy default_policy() {
  return {.name = "default",
          .hash = std::nullopt,
          .kinds = {attest::TeeKind::tdx},
          .signers = Any{"a quote binds the signing key of its certificate"},
          .collateral = Required{},
          .tdx = attest::default_tdx_policy()};
}

Policy genuine_policy() {
  Policy policy = default_policy();
  policy.name = "genuine-only";
  policy.tdx = attest::genuine_tdx_policy();
  return policy;
}

bool asks_for_measurement(const Policy& policy) {
  return !std::holds_alternative<Any>(policy.tdx.measurements);
}

std::vector<std::string> not_asked_by(const Policy& policy) {
  std::vector<std::string> lines;
  if (const auto* any = std::get_if<Any>(&policy.signers)) {
    lines.push_back("signers: " + reason_of(*any));
  }
  if (const auto* any = std::get_if<Any>(&policy.collateral)) {
    lines.push_back("collateral: " + reason_of(*any));
  }
  for (const std::string& line : attest::not_asked_by(policy.tdx)) {
    lines.push_back("tdx." + line);
  }
  return lines;
}

std::vector<std::string> weakenings_of(const Policy& policy) {
  const std::vector<std::string> by_default = not_asked_by(default_policy());
  std::vector<std::string> lines;
  for (const std::string& line : not_asked_by(policy)) {
    const std::string name = name_of(line);
    if (std::ranges::none_of(by_default,
                             [&name](const auto& each) { return name_of(each) == name; })) {
      lines.push_back(name + ": not asked for (" + line.substr(name.size() + 2) + ")");
    }
  }
  return lines;
}

}  // namespace mayfly::verifier
