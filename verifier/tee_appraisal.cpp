#include "verifier/tee_appraisal.hpp"

#include <algorithm>
#include <array>
#include <variant>

#include "attest/verify/azure_report.hpp"
#include "attest/verify/tdx_verify.hpp"
#include "verifier/tdx_anchors.hpp"
#include "verifier/tdx_codes.hpp"
#include "verifier/tee_codes.hpp"
#include "verifier/tee_facts.hpp"

namespace mayfly::verifier {
namespace {

using attest::EvidenceVerdict;
using attest::FindingOutcome;
using attest::TeeKind;

TeeOutcome outcome_of(FindingOutcome outcome) {
  switch (outcome) {
    case FindingOutcome::pass: return TeeOutcome::pass;
    case FindingOutcome::fail: return TeeOutcome::fail;
    case FindingOutcome::waived: return TeeOutcome::not_asked;
    case FindingOutcome::not_evaluated: break;
  }
  return TeeOutcome::not_evaluated;
}

template <class Check>
void append_findings(const attest::Findings<Check>& findings, std::string_view level,
                     TeeAppraisal& out) {
  for (const attest::CheckFinding<Check>& each : findings.all()) {
    out.findings.push_back({.level = level,
                            .check = each.name(),
                            .stage = to_string(each.stage()),
                            .outcome = outcome_of(each.outcome),
                            .detail = each.detail,
                            .code = code_of_failure(each.check)});
  }
}

void append_findings(const attest::TdxAppraisal& appraisal, TeeAppraisal& out) {
  for (const attest::TdxFinding& each : appraisal.findings) {
    out.findings.push_back({.level = "tdx",
                            .check = to_string(each.check),
                            .stage = to_string(stage_of(each.check)),
                            .outcome = each.outcome,
                            .detail = each.detail,
                            .code = code_of_failure(each.check)});
  }
}

attest::SnpPolicy snp_policy_of(const Policy& policy,
                                const std::optional<attest::ReportData>& binding) {
  attest::SnpPolicy snp = policy.snp;
  if (const Any* any = std::get_if<Any>(&policy.collateral)) {
    snp.revocation = *any;
  }
  if (binding) {
    snp.report_data = *binding;
  }
  return snp;
}

std::optional<ByteView> list_of(const TeeMaterial& material) {
  return material.crl ? std::optional(ByteView(*material.crl)) : std::nullopt;
}

void judge_snp(const TeeMaterial& material, const Policy& policy,
               const std::optional<attest::ReportData>& binding, UnixMillis at, TeeAppraisal& out) {
  const auto appraisal = attest::appraise_snp({.report = material.quote,
                                               .certificate_chain = material.chain,
                                               .revocation_list = list_of(material)},
                                              snp_policy_of(policy, binding), at);
  append_findings(appraisal.findings, "snp", out);
  out.is_genuine = appraisal.verified.has_value();
  if (appraisal.verified) append_facts(*appraisal.verified, out.facts);
}

void judge_nitro(const TeeMaterial& material, const Policy& policy,
                 const std::optional<attest::ReportData>& binding, UnixMillis at,
                 TeeAppraisal& out) {
  attest::NitroPolicy nitro = policy.nitro;
  if (binding) {
    nitro.user_data = Bytes(binding->begin(), binding->end());
  }
  const auto appraisal = attest::appraise_nitro(material.quote, nitro, at);
  append_findings(appraisal.findings, "nitro", out);
  out.is_genuine = appraisal.verified.has_value();
  if (appraisal.verified) append_facts(*appraisal.verified, out.facts);
}

void bind(const std::optional<attest::ReportData>& binding, attest::TpmPolicy& policy) {
  if (binding) {
    const crypto::Sha256 digest = crypto::sha256(*binding);
    policy.extra_data = Bytes(digest.bytes.begin(), digest.bytes.end());
  }
}

// The signer that a quote names is a digest over the key's Name and its place, so a changed public
// area is noticed even if only the key in it is certified.
void expect_signer(const TeeMaterial& material, attest::TpmPolicy& policy) {
  const auto area = attest::parse_tpm_public(material.ak_public);
  const auto name = area ? attest::tpm_name_of(*area) : fail(ErrorCode::malformed, "");
  if (!material.key_path || !name || !std::holds_alternative<Any>(policy.qualified_signer)) {
    return;
  }
  std::vector<Bytes> names = material.key_path->parents;
  names.push_back(*name);
  auto qualified = attest::tpm_qualified_name(material.key_path->hierarchy, names);
  policy.qualified_signer = qualified ? std::move(*qualified) : Bytes();
}

attest::TpmPolicy tpm_policy_of(const TeeMaterial& material, const TpmRules& rules,
                                const std::optional<attest::ReportData>& binding) {
  attest::TpmPolicy policy = rules.quote;
  bind(binding, policy);
  expect_signer(material, policy);
  if (!rules.key.names.empty()) {
    policy.key_trust = attest::TpmKeyPinned{rules.key.names};
    return policy;
  }
  attest::TpmKeyCertified certified{.anchors = {}, .extended_usage = rules.key.extended_usage};
  const bool is_listed =
      !material.chain.empty() &&
      std::ranges::find(rules.key.roots, crypto::sha256(material.chain.back())) !=
          rules.key.roots.end();
  if (is_listed) {
    certified.anchors.emplace_back(material.chain.back());
  }
  policy.key_trust = std::move(certified);
  return policy;
}

// The bank whose values the policy asks for, which a log must lead to: the quote's first may be one
// that no firmware extended, and that anybody could have filled.
attest::TpmHash bank_of(const attest::TpmPolicy& policy,
                        const std::vector<attest::TpmPcr>& quoted) {
  const auto* wanted = std::get_if<std::vector<attest::TpmPcr>>(&policy.pcr_values);
  const auto& pcrs = wanted != nullptr && !wanted->empty() ? *wanted : quoted;
  return pcrs.empty() ? attest::TpmHash::sha256 : pcrs.front().bank;
}

void judge_event_log(const TeeMaterial& material, const Expected<EventLogRule>& rule,
                     const attest::TpmPolicy& policy,
                     const std::optional<attest::VerifiedTpmQuote>& quote, TeeAppraisal& out) {
  if (const Any* any = std::get_if<Any>(&rule)) {
    out.findings.push_back({.level = "event_log",
                            .check = "log_layout",
                            .stage = to_string(attest::CheckStage::policy),
                            .outcome = TeeOutcome::not_asked,
                            .detail = any->reason,
                            .code = Code::event_log_refused});
    return;
  }
  const auto& wanted = std::get<EventLogRule>(rule);
  if (!material.event_log || !quote) {
    attest::Findings<attest::EventLogCheck> none;
    none.leave_out(attest::EventLogCheck::log_layout,
                   quote ? "no boot log was given" : "there are no quoted values to lead to");
    append_findings(none, "event_log", out);
    return;
  }
  std::vector<attest::QuotedRegister> quoted;
  const attest::TpmHash bank = bank_of(policy, quote->pcrs);
  for (const attest::TpmPcr& pcr : quote->pcrs) {
    if (pcr.bank == bank) quoted.push_back({pcr.index, pcr.value});
  }
  auto appraisal = attest::appraise_event_log(*material.event_log, quoted,
                                              {.kind = attest::EventLogKind::tpm,
                                               .bank = bank,
                                               .registers = wanted.registers,
                                               .separators = wanted.separators,
                                               .payloads = wanted.payloads});
  append_findings(appraisal.findings, "event_log", out);
  out.events = std::move(appraisal.events);
}

void judge_tpm(const TeeMaterial& material, const Policy& policy,
               const std::optional<attest::ReportData>& binding, UnixMillis at, TeeAppraisal& out) {
  const auto appraisal = attest::appraise_tpm({.attest = material.quote,
                                               .signature = material.signature,
                                               .attestation_key = ByteView(material.ak_public),
                                               .pcrs = material.pcrs,
                                               .certificate_chain = material.chain},
                                              tpm_policy_of(material, policy.tpm, binding), at);
  append_findings(appraisal.findings, "tpm", out);
  out.is_genuine = appraisal.verified.has_value();
  if (appraisal.verified) append_facts(*appraisal.verified, out.facts);
  judge_event_log(material, policy.tpm.event_log, policy.tpm.quote, appraisal.verified, out);
}

// Whatever a token says, no reader of it sees hardware's own evidence: that is a finding of its
// own, which keeps the verdict below those of hardware.
void judge_token(const TeeMaterial& material, const Policy& policy,
                 const std::optional<attest::ReportData>& binding, UnixMillis at,
                 TeeAppraisal& out) {
  attest::GoogleTokenPolicy google = policy.confidential_space;
  if (binding) {
    google.nonce = attest::token_nonce(*binding);
  }
  const auto appraisal = attest::appraise_google_token(material.quote, google, at);
  append_findings(appraisal.findings, "google", out);
  out.findings.push_back({.level = "google",
                          .check = "hardware_evidence",
                          .stage = to_string(attest::CheckStage::chain),
                          .outcome = TeeOutcome::fail,
                          .detail = "a token has none: it is Google's word that it saw some",
                          .code = Code::quote_provider_signed});
  out.is_genuine = appraisal.verified.has_value();
  if (appraisal.verified) append_facts(*appraisal.verified, out.facts);
}

EvidenceVerdict evidence_verdict(attest::TdxVerdict verdict) {
  switch (verdict) {
    case attest::TdxVerdict::accepted: return EvidenceVerdict::accepted;
    case attest::TdxVerdict::inconclusive: return EvidenceVerdict::inconclusive;
    case attest::TdxVerdict::malformed: return EvidenceVerdict::malformed;
    case attest::TdxVerdict::refused:
    case attest::TdxVerdict::unattested:
    case attest::TdxVerdict::contradicted: break;
  }
  return EvidenceVerdict::rejected;
}

// What the hardware report of an Azure machine says, by its own appraisal.
struct HardwareLevel {
  attest::AzureTeeReport report;
  bool is_genuine = false;
};

HardwareLevel judge_azure_td(const TeeMaterial& material, const Policy& policy,
                             const attest::ReportData& claims, UnixMillis at, TeeAppraisal& out) {
  if (material.td_quote.empty()) {
    out.findings.push_back({.level = "tdx",
                            .check = to_string(attest::TdxCheck::quote_layout),
                            .stage = to_string(attest::TdxStage::layout),
                            .outcome = TeeOutcome::not_evaluated,
                            .detail = "the TD's quote was not given",
                            .code = Code::quote_malformed});
    return {.report = {.tee = attest::AzureTee::tdx,
                       .verdict = EvidenceVerdict::inconclusive,
                       .report_data = std::nullopt},
            .is_genuine = false};
  }
  attest::TdxPolicy tdx = policy.tdx;
  tdx.anchors = hardware_anchors(policy);
  tdx.report_data = claims;
  // The guest's boot is in the virtual TPM's registers, and the policy's rule for that log.
  tdx.event_log = Any{"the virtual TPM's log is judged instead"};
  tdx.runtime_log = Any{"the virtual TPM's log is judged instead"};
  const bool is_asked = std::holds_alternative<Required>(policy.collateral);
  const auto appraisal = attest::verify_tdx(
      material.td_quote, is_asked ? material.lists : attest::TdxCollateral(), tdx, at);
  append_findings(appraisal, out);
  HardwareLevel level{.report = {.tee = attest::AzureTee::tdx,
                                 .verdict = evidence_verdict(appraisal.verdict),
                                 .report_data = std::nullopt},
                      .is_genuine = appraisal.verified_body.has_value()};
  if (appraisal.verified_body) level.report.report_data = appraisal.verified_body->report_data;
  return level;
}

HardwareLevel judge_azure_snp(const TeeMaterial& material, const Policy& policy,
                              const attest::ParsedAzureReport& report, UnixMillis at,
                              TeeAppraisal& out) {
  const auto appraisal =
      attest::appraise_snp({.report = report.hardware_report,
                            .certificate_chain = material.chain,
                            .revocation_list = list_of(material)},
                           snp_policy_of(policy, attest::azure_report_data(report)), at);
  append_findings(appraisal.findings, "snp", out);
  HardwareLevel level{.report = {.tee = attest::AzureTee::snp,
                                 .verdict = appraisal.verdict,
                                 .report_data = std::nullopt},
                      .is_genuine = appraisal.verified.has_value()};
  if (appraisal.verified) {
    level.report.report_data = appraisal.verified->report_data;
    append_facts(*appraisal.verified, out.facts);
  }
  return level;
}

void judge_azure(const TeeMaterial& material, const Policy& policy,
                 const std::optional<attest::ReportData>& binding, UnixMillis at,
                 TeeAppraisal& out) {
  if (material.hcl_report.empty()) {
    attest::Findings<attest::AzureCheck> none;
    none.leave_out(attest::AzureCheck::azure_layout, "the paravisor's report was not given");
    append_findings(none, "azure", out);
    return;
  }
  const auto report = attest::parse_azure_report(material.hcl_report);
  HardwareLevel hardware;
  if (report) {
    const attest::ReportData claims = attest::azure_report_data(*report);
    hardware = material.kind == TeeKind::azure_tdx
                   ? judge_azure_td(material, policy, claims, at, out)
                   : judge_azure_snp(material, policy, *report, at, out);
  }
  attest::AzurePolicy azure = policy.azure.machine;
  bind(binding, azure.quote);
  const auto appraisal = attest::appraise_azure(
      material.hcl_report, hardware.report,
      {.attest = material.quote, .signature = material.signature, .pcrs = material.pcrs}, azure,
      at);
  append_findings(appraisal.findings, "azure", out);
  append_findings(appraisal.quote.findings, "tpm", out);
  // Each level by its own signatures: a policy that refuses one does not make it a forgery.
  out.is_genuine = hardware.is_genuine && appraisal.is_genuine;
  if (!out.is_genuine) out.facts.clear();
  if (appraisal.quote.verified) append_facts(*appraisal.quote.verified, out.facts);
  judge_event_log(material, policy.azure.event_log, policy.azure.machine.quote,
                  appraisal.quote.verified, out);
}

// The strongest effect decides. A TPM's or Azure's chain out of its time refuses bare evidence, as
// a TDX quote's does: whoever holds it can say as of when he asks.
Effect effect_of(const TeeFinding& finding) {
  switch (finding.outcome) {
    case TeeOutcome::pass:
    case TeeOutcome::not_asked: return Effect::none;
    case TeeOutcome::not_evaluated: return Effect::inconclusive;
    case TeeOutcome::fail: break;
  }
  if (finding.code == Code::quote_malformed) return Effect::malformed;
  if (finding.code == Code::quote_chain_not_valid_at_time) return Effect::refused;
  return meaning_of(finding.code).effect;
}

Verdict verdict_of_level(const std::vector<TeeFinding>& findings) {
  Effect strongest = Effect::none;
  for (const TeeFinding& finding : findings) {
    strongest = std::max(strongest, effect_of(finding));
  }
  switch (strongest) {
    case Effect::none: return Verdict::verified;
    case Effect::refused: return Verdict::refused;
    case Effect::inconclusive: return Verdict::inconclusive;
    case Effect::unattested: return Verdict::unattested;
    case Effect::contradicted: return Verdict::contradicted;
    case Effect::malformed: return Verdict::malformed;
    case Effect::internal: break;
  }
  return Verdict::internal;
}

}  // namespace

const TeeFinding* TeeAppraisal::find(std::string_view level, std::string_view check) const {
  const auto found = std::ranges::find_if(
      findings, [&](const TeeFinding& each) { return each.level == level && each.check == check; });
  return found == findings.end() ? nullptr : &*found;
}

TeeAppraisal appraise_tee(const TeeMaterial& material, const Policy& policy,
                          const std::optional<attest::ReportData>& binding, UnixMillis at) {
  TeeAppraisal out;
  out.kind = material.kind;
  switch (material.kind) {
    case TeeKind::snp: judge_snp(material, policy, binding, at, out); break;
    case TeeKind::nitro: judge_nitro(material, policy, binding, at, out); break;
    case TeeKind::tpm: judge_tpm(material, policy, binding, at, out); break;
    case TeeKind::azure_snp:
    case TeeKind::azure_tdx: judge_azure(material, policy, binding, at, out); break;
    case TeeKind::confidential_space: judge_token(material, policy, binding, at, out); break;
    case TeeKind::tdx:
    case TeeKind::simulated_tdx: return out;  // verify_tdx() judges those
  }
  out.verdict = verdict_of_level(out.findings);
  return out;
}

}  // namespace mayfly::verifier
