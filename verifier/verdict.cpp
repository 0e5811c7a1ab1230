#include "verifier/verdict.hpp"

#include <algorithm>
#include <array>

namespace mayfly::verifier {
namespace {

// What "consistent" means, with or without hardware.
constexpr std::array consistency_stages{Stage::parse,     Stage::schema,      Stage::ids,
                                        Stage::signature, Stage::report_data, Stage::lifecycle};
// What "verified" needs besides.
constexpr std::array hardware_stages{Stage::quote, Stage::measurement, Stage::tcb, Stage::policy};

bool all_pass(std::span<const Finding> findings, std::span<const Stage> stages) {
  return std::ranges::all_of(stages, [findings](Stage stage) {
    return std::ranges::any_of(findings, [stage](const Finding& finding) {
      return finding.stage == stage && meaning_of(finding.code).state == State::pass;
    });
  });
}

}  // namespace

Verdict verdict_of(std::span<const Finding> findings) {
  Effect strongest = Effect::none;
  for (const Finding& finding : findings) {
    strongest = std::max(strongest, meaning_of(finding.code).effect);
  }
  switch (strongest) {
    case Effect::internal: return Verdict::internal;
    case Effect::malformed: return Verdict::malformed;
    case Effect::contradicted: return Verdict::contradicted;
    case Effect::inconclusive: return Verdict::inconclusive;
    case Effect::unattested:
    case Effect::refused:
    case Effect::none: break;
  }
  if (!all_pass(findings, consistency_stages)) {
    return Verdict::inconclusive;
  }
  if (strongest == Effect::unattested) {
    return Verdict::unattested;
  }
  if (strongest == Effect::refused) {
    return Verdict::refused;
  }
  return all_pass(findings, hardware_stages) ? Verdict::verified : Verdict::inconclusive;
}

int exit_code(Verdict verdict) {
  return static_cast<int>(verdict);
}

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::verified: return "verified";
    case Verdict::contradicted: return "contradicted";
    case Verdict::malformed: return "malformed";
    case Verdict::inconclusive: return "inconclusive";
    case Verdict::refused: return "genuine, refused by policy";
    case Verdict::unattested: return "consistent, not hardware-attested";
    case Verdict::internal: return "not judged";
  }
  return "not judged";
}

std::string_view explain(Verdict verdict) {
  switch (verdict) {
    case Verdict::verified:
      return "Genuine hardware vouches for this run, and everything fits together.";
    case Verdict::contradicted:
      return "The certificate contradicts itself, its evidence or the data: do not rely on it.";
    case Verdict::malformed: return "This is not a certificate: nothing in it was judged.";
    case Verdict::inconclusive:
      return "Nothing contradicts the certificate, but something needed to believe it is missing.";
    case Verdict::refused: return "The certificate is genuine, but the policy does not accept it.";
    case Verdict::unattested:
      return "Everything fits together, but no hardware vouches for it: whoever ran the job could "
             "have made this up.";
    case Verdict::internal: return "The verifier could not finish: this says nothing either way.";
  }
  return "";
}

}  // namespace mayfly::verifier
