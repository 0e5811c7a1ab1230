#include "verifier/ear.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "verifier/object_text.hpp"

namespace mayfly::verifier {
namespace {

// AR4SI: 2..31 affirming, 32..95 warning, 96..127 contraindicated; 0 says nothing.
constexpr std::int64_t affirmed = 2;
constexpr std::int64_t unsafe = 32;
constexpr std::int64_t unrecognized_executables = 33;
constexpr std::int64_t contraindicated = 96;
constexpr std::int64_t unrecognized = 97;
constexpr std::int64_t not_cryptographically_valid = 99;

struct Says {
  Code code;
  std::int64_t value;
};

// The worst of what was found decides; nothing found: no claim.
template <std::size_t count>
std::optional<std::int64_t> worst(const Report& report, const std::array<Says, count>& rules) {
  std::optional<std::int64_t> value;
  for (const Finding& finding : report.findings) {
    for (const Says& rule : rules) {
      if (rule.code == finding.code) value = std::max(value.value_or(0), rule.value);
    }
  }
  return value;
}

// Does the hardware's own state deserve trust?
constexpr std::array hardware{
    Says{Code::tcb_accepted, affirmed},
    Says{Code::tcb_refused, unsafe},
    Says{Code::collateral_not_valid_at_time, unsafe},
    Says{Code::platform_refused, unrecognized},
    Says{Code::key_revoked, contraindicated},
    Says{Code::quote_simulated, unrecognized},
    Says{Code::quote_provider_signed, unrecognized},
    Says{Code::quote_kind_refused, unrecognized},
    Says{Code::quote_not_genuine, not_cryptographically_valid},
    Says{Code::quote_malformed, not_cryptographically_valid},
    Says{Code::collateral_not_genuine, not_cryptographically_valid},
};
// Is what runs in it known?
constexpr std::array executables{
    Says{Code::measurement_accepted, affirmed},
    Says{Code::measurement_unknown, unrecognized_executables},
    Says{Code::report_data_differs, not_cryptographically_valid},
    Says{Code::signature_wrong, not_cryptographically_valid},
    Says{Code::signature_missing, not_cryptographically_valid},
    Says{Code::second_signature_missing, not_cryptographically_valid},
    Says{Code::second_signature_wrong, not_cryptographically_valid},
    Says{Code::second_signature_form, not_cryptographically_valid},
    Says{Code::second_signer_differs, not_cryptographically_valid},
};
constexpr std::array configuration{
    Says{Code::td_not_debug, affirmed},
    Says{Code::td_attributes_refused, unsafe},
    Says{Code::td_debug, contraindicated},
};
// Can its host look into it?
constexpr std::array runtime_opaque{
    Says{Code::td_not_debug, affirmed},
    Says{Code::td_debug, contraindicated},
    Says{Code::quote_simulated, contraindicated},
};

struct TrustVector {
  std::string json;
  std::int64_t worst = 0;
};

TrustVector trust_vector(const Report& report) {
  ObjectText out;
  std::int64_t of_all = 0;
  const auto claim = [&](std::string_view name, std::optional<std::int64_t> value) {
    if (!value) return;
    out.integer(name, *value);
    of_all = std::max(of_all, *value);
  };
  claim("configuration", worst(report, configuration));
  auto of_executables = worst(report, executables);
  // Any will do: nothing that runs there is approved by that.
  if (of_executables == affirmed && !report.environment_is_asked_for) of_executables.reset();
  claim("executables", of_executables);
  claim("hardware", worst(report, hardware));
  claim("runtime-opaque", worst(report, runtime_opaque));
  return {.json = std::move(out).finish(), .worst = of_all};
}

std::int64_t tier_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::verified: return affirmed;
    case Verdict::inconclusive:
    case Verdict::refused: return unsafe;
    case Verdict::contradicted:
    case Verdict::malformed:
    case Verdict::unattested: return contraindicated;
    case Verdict::internal: return 0;
  }
  return 0;
}

// As good as the worse of the verdict and the vector's claims.
std::string_view status_of(Verdict verdict, std::int64_t worst_claim) {
  if (verdict == Verdict::internal) return "none";
  const std::int64_t tier = std::max(tier_of(verdict), worst_claim);
  if (tier >= contraindicated) return "contraindicated";
  return tier >= unsafe ? "warning" : "affirming";
}

std::string policy_id(const Report& report) {
  return "urn:mayfly:policy:" +
         (report.policy_hash ? crypto::to_text(*report.policy_hash) : report.policy);
}

std::string submodule_json(const Report& report) {
  const TrustVector vector = trust_vector(report);
  ObjectText out;
  out.string("ear.appraisal-policy-id", policy_id(report));
  out.string("ear.status", status_of(report.verdict(), vector.worst));
  out.member("ear.trustworthiness-vector", vector.json);
  return std::move(out).finish();
}

}  // namespace

std::string ear_json(const Report& report) {
  ObjectText verifier;
  verifier.string("build", "verify-cert-" MAYFLY_VERSION);
  verifier.string("developer", "Mayfly");
  ObjectText submodules;
  submodules.member("mayfly", submodule_json(report));
  ObjectText out;
  out.member("ear.verifier-id", std::move(verifier).finish());
  out.string("eat_profile", "tag:github.com,2023:veraison/ear");
  out.integer("iat", report.appraised_at.value / 1000);
  out.member("submods", std::move(submodules).finish());
  return std::move(out).finish();
}

}  // namespace mayfly::verifier
