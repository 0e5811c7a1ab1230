#include "verifier/policy.hpp"

#include "attest/verify/anchors.hpp"

namespace mayfly::verifier {

Policy default_policy() {
  const auto anchors = attest::default_anchors();
  return {.name = "default",
          .anchors = {anchors.begin(), anchors.end()},
          .measurements = {},
          .collateral = Required{}};
}

std::vector<std::string> weakenings_of(const Policy& policy) {
  std::vector<std::string> lines;
  if (const auto* any = std::get_if<Any>(&policy.collateral)) {
    lines.push_back("collateral: not asked for (" +
                    (any->reason.empty() ? "no reason given" : any->reason) + ")");
  }
  return lines;
}

}  // namespace mayfly::verifier
