#include "verifier/tee_report.hpp"

#include <algorithm>
#include <array>

#include "attest/verify/google_token.hpp"
#include "attest/verify/nitro_document.hpp"
#include "attest/verify/snp_report.hpp"
#include "attest/verify/tpm_structures.hpp"
#include "base/text_encoding.hpp"
#include "verifier/evidence_report.hpp"
#include "verifier/object_text.hpp"
#include "verifier/tee_facts.hpp"
#include "verifier/text_layout.hpp"

namespace mayfly::verifier {
namespace {

using attest::TeeKind;

std::string_view explain_tee(Verdict verdict) {
  switch (verdict) {
    case Verdict::verified:
      return "Genuine hardware made this evidence, and the policy accepts what it shows.";
    case Verdict::contradicted:
      return "Something here is forged or does not belong together: do not rely on it.";
    case Verdict::malformed:
      return "This is not evidence of that kind: nothing that depends on it was judged.";
    case Verdict::inconclusive:
      return "Nothing contradicts the evidence, but something that is needed is missing.";
    case Verdict::refused: return "The evidence is genuine, but the policy does not accept it.";
    case Verdict::unattested:
      return "No hardware is shown to protect this machine: its host may look into it.";
    case Verdict::internal: break;
  }
  return "The verifier could not finish: this says nothing either way.";
}

std::string tee_check_json(const TeeFinding& finding) {
  ObjectText out;
  out.string("check", finding.check);
  if (!finding.detail.empty()) {
    out.string("detail", finding.detail);
  }
  out.string("level", finding.level);
  out.string("outcome", to_string(finding.outcome));
  out.string("stage", finding.stage);
  return std::move(out).finish();
}

std::string facts_json(const Facts& given) {
  Facts facts = given;
  std::ranges::stable_sort(facts, {}, [](const auto& fact) { return fact.first; });
  ObjectText out;
  std::string_view last;
  for (const auto& [name, value] : facts) {
    if (name != last) out.string(name, value);
    last = name;
  }
  return std::move(out).finish();
}

std::string event_json(const attest::ProvenEvent& event) {
  const bool is_bound = event.binding == attest::PayloadBinding::bound;
  ObjectText out;
  out.member("before_separator", event.is_before_separator ? "true" : "false");
  out.string("digest", hex_encode(event.digest));
  out.member("measured", is_bound ? inert_json_string(hex_encode(event.measured)) : "null");
  out.integer("register", event.register_index);
  out.integer("type", event.type);
  return std::move(out).finish();
}

std::string tee_policy_json(const TeeReport& report) {
  const Policy& policy = report.policy;
  ObjectText out;
  out.member("hash", policy.hash ? inert_json_string(crypto::to_text(*policy.hash)) : "null");
  out.string("name", policy.name);
  out.member("not_asked",
             array_text(not_asked_by(policy, report.appraisal.kind), inert_json_string));
  return std::move(out).finish();
}

// Of the section that lists this kind's machines; a TPM's and Nitro's has no such list.
attest::PhysicalAccessTrust physical_access_of(const Policy& policy, attest::TeeKind kind) {
  switch (kind) {
    case attest::TeeKind::snp:
    case attest::TeeKind::azure_snp: return policy.snp.physical_access;
    case attest::TeeKind::tdx:
    case attest::TeeKind::simulated_tdx:
    case attest::TeeKind::azure_tdx: return policy.tdx.physical_access;
    case attest::TeeKind::tpm:
    case attest::TeeKind::confidential_space:
    case attest::TeeKind::nitro: break;
  }
  return attest::PhysicalAccessTrust::none;
}

void add_tee_fact(std::string& out, std::string_view label, std::string_view text) {
  out += "  " + padded(label, 18) + inert_text(text, evidence_detail_bytes_max) + "\n";
}

std::string_view tee_word(TeeOutcome outcome) {
  constexpr std::array<std::string_view, 4> words{"pass", "FAIL", "unknown", "any"};
  return words.at(static_cast<std::size_t>(outcome));
}

void add_tee_checks(std::string& out, const TeeAppraisal& appraisal) {
  out += "\nChecks, worst first\n";
  for (const TeeOutcome outcome :
       {TeeOutcome::fail, TeeOutcome::not_evaluated, TeeOutcome::not_asked, TeeOutcome::pass}) {
    for (const TeeFinding& each : appraisal.findings) {
      if (each.outcome != outcome) continue;
      const std::string name = std::string(each.level) + "." + std::string(each.check);
      out += "  " + padded(tee_word(outcome), 8) + padded(name, 33) +
             inert_text(each.detail, evidence_detail_bytes_max) + "\n";
    }
  }
}

void add_tee_events(std::string& out, const TeeAppraisal& appraisal) {
  if (appraisal.events.empty()) {
    return;
  }
  const auto bound = std::ranges::count(appraisal.events, attest::PayloadBinding::bound,
                                        &attest::ProvenEvent::binding);
  out += "\nBoot log\n";
  add_tee_fact(out, "events",
               std::to_string(appraisal.events.size()) + ", of which " + std::to_string(bound) +
                   " show what was measured");
}

Result<Facts> contents_of(TeeKind kind, ByteView quote) {
  Facts facts;
  if (kind == TeeKind::snp) {
    TRY(const attest::ParsedSnpReport report, attest::parse_snp_report(quote));
    facts = {{"report_version", std::to_string(report.version)},
             {"vmpl", std::to_string(report.vmpl)},
             {"measurement", hex_encode(report.measurement.bytes)},
             {"host_data", hex_encode(report.host_data)},
             {"chip_id", hex_encode(report.chip_id)},
             {"report_data", hex_encode(report.report_data)}};
    return facts;
  }
  if (kind == TeeKind::nitro) {
    TRY(const attest::ParsedNitroDocument document, attest::parse_nitro_document(quote));
    facts = {{"module_id", std::string(document.module_id)},
             {"made_at", to_rfc3339(document.timestamp)},
             {"user_data", hex_encode(document.user_data.value_or(ByteView()))},
             {"nonce", hex_encode(document.nonce.value_or(ByteView()))}};
    for (const attest::NitroPcr& pcr : document.pcrs) {
      facts.emplace_back("pcr_" + std::to_string(pcr.index), hex_encode(pcr.value.bytes));
    }
    return facts;
  }
  if (kind == TeeKind::confidential_space) {
    TRY(const attest::ParsedGoogleToken token, attest::parse_google_token(quote));
    append_facts(token, facts);
    return facts;
  }
  TRY(const attest::ParsedTpmQuote tpm, attest::parse_tpm_quote(quote));
  facts = {{"extra_data", hex_encode(tpm.extra_data)},
           {"qualified_signer", hex_encode(tpm.qualified_signer)},
           {"pcr_digest", hex_encode(tpm.pcr_digest)},
           {"clock_ms", std::to_string(tpm.clock.clock_ms)},
           {"reset_count", std::to_string(tpm.clock.reset_count)},
           {"restart_count", std::to_string(tpm.clock.restart_count)}};
  for (const attest::TpmPcrSelection& selection : tpm.selections) {
    std::string indices;
    for (std::uint32_t i = 0; i < attest::tpm_pcr_count; ++i) {
      if ((selection.mask >> i & 1U) != 0)
        indices += (indices.empty() ? "" : " ") + std::to_string(i);
    }
    facts.emplace_back("selected_" + std::string(bank_name(selection.bank)), indices);
  }
  return facts;
}

}  // namespace

std::string_view limits_of(TeeKind kind) {
  switch (kind) {
    case TeeKind::tpm:
      return "A TPM says what it was told of the boot. It keeps no host out of memory, and can be "
             "wired to another machine than the one that ran the job.";
    case TeeKind::nitro:
      return "The hypervisor that signs and the one that could look are the same, and nothing "
             "outside AWS vouches for it.";
    case TeeKind::azure_snp:
    case TeeKind::azure_tdx:
      return "The guest's PCRs are kept by a paravisor of Microsoft's, which runs above the guest: "
             "this is worth what that is worth.";
    case TeeKind::confidential_space:
      return "Google says that it appraised this machine. Its evidence is not here: this is worth "
             "what Google's word is worth.";
    case TeeKind::snp:
    case TeeKind::tdx: break;
    case TeeKind::simulated_tdx: return "Simulated: it proves nothing.";
  }
  return "Whoever can tap the memory bus could have forged this.";
}

std::string tee_report_json(const TeeReport& report) {
  const TeeAppraisal& appraisal = report.appraisal;
  const std::size_t shown = std::min(appraisal.events.size(), evidence_events_max);
  ObjectText out;
  out.integer("appraised_at_ms", report.appraised_at.value);
  out.member("checks", array_text(appraisal.findings, tee_check_json));
  out.member("earliest_expiry_ms", "null");
  out.member("events", array_text(std::span(appraisal.events).first(shown), event_json));
  out.integer("events_total", static_cast<std::int64_t>(appraisal.events.size()));
  out.integer("exit_code", exit_code(appraisal.verdict));
  out.string("kind", to_string(appraisal.kind));
  out.string("limits", limits_of(appraisal.kind));
  out.member("measurement", "null");
  out.string("physical_access_trust", to_string(physical_access_of(report.policy, appraisal.kind)));
  out.member("platform", "null");
  out.member("policy", tee_policy_json(report));
  out.member("quote", appraisal.is_genuine ? facts_json(appraisal.facts) : "null");
  out.string("schema", "mayfly/evidence-report/v1");
  out.member("tcb", "null");
  out.string("verdict", to_string(appraisal.verdict));
  out.string("verdict_text", explain_tee(appraisal.verdict));
  return std::move(out).finish();
}

std::string tee_report_text(const TeeReport& report) {
  const TeeAppraisal& appraisal = report.appraisal;
  std::string out = upper(to_string(appraisal.verdict)) + "  (exit code " +
                    std::to_string(exit_code(appraisal.verdict)) + ")\n" +
                    std::string(explain_tee(appraisal.verdict)) + "\n";
  if (appraisal.is_genuine) {
    out += "\nWhat it says\n";
    for (const auto& [name, value] : appraisal.facts) {
      add_tee_fact(out, name, value);
    }
  }
  add_tee_events(out, appraisal);
  out += "\nJudged\n";
  add_tee_fact(out, "as of", to_rfc3339(report.appraised_at));
  add_tee_fact(out, "by policy", report.policy.name);
  add_tee_fact(out, "limits", limits_of(appraisal.kind));
  for (const std::string& line : not_asked_by(report.policy, appraisal.kind)) {
    add_tee_fact(out, "not asked", line);
  }
  add_tee_checks(out, appraisal);
  return out;
}

Result<std::string> describe_tee_json(TeeKind kind, ByteView quote) {
  TRY(const Facts facts, contents_of(kind, quote));
  ObjectText out;
  out.string("kind", to_string(kind));
  out.member("quote", facts_json(facts));
  out.integer("quote_bytes", static_cast<std::int64_t>(quote.size()));
  out.string("schema", "mayfly/evidence-contents/v1");
  out.member("verified", "false");
  return std::move(out).finish();
}

Result<std::string> describe_tee_text(TeeKind kind, ByteView quote) {
  TRY(const Facts facts, contents_of(kind, quote));
  std::string out = std::string(to_string(kind)) + ": what it says, NOT VERIFIED\n";
  for (const auto& [name, value] : facts) {
    add_tee_fact(out, name, value);
  }
  add_tee_fact(out, "quote", std::to_string(quote.size()) + " bytes");
  return out;
}

}  // namespace mayfly::verifier
