#include "verifier/evidence_report.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/text_encoding.hpp"
#include "verifier/object_text.hpp"
#include "verifier/text_layout.hpp"

namespace mayfly::verifier {
namespace {

using attest::CheckOutcome;
using attest::TdQuoteBody;
using attest::TdxAppraisal;
using attest::TdxFinding;
using attest::TdxVerdict;

std::string_view explain_evidence(Verdict verdict) {
  switch (verdict) {
    case Verdict::verified:
      return "Genuine hardware made this quote, and the policy accepts what it shows.";
    case Verdict::contradicted:
      return "Something here is forged or does not belong together: do not rely on it.";
    case Verdict::malformed: return "This is not a TDX quote: nothing in it was judged.";
    case Verdict::inconclusive:
      return "Nothing contradicts the quote, but lists or logs that are needed are missing.";
    case Verdict::refused: return "The quote is genuine, but the policy does not accept it.";
    case Verdict::unattested:
      return "No hardware protects this TD: it is simulated, or its host may look into it.";
    case Verdict::internal: break;
  }
  return "The verifier could not finish: this says nothing either way.";
}

// One row for each thing a body says; text and JSON show the same.
std::vector<std::pair<std::string_view, std::string>> body_rows(const TdQuoteBody& body) {
  std::vector<std::pair<std::string_view, std::string>> rows{
      {"body", body.kind == attest::TdBodyKind::td_1_5 ? "td_1_5" : "td_1_0"},
      {"mr_config_id", hex_encode(body.mr_config_id.bytes)},
      {"mr_owner", hex_encode(body.mr_owner.bytes)},
      {"mr_owner_config", hex_encode(body.mr_owner_config.bytes)},
      {"mr_seam", hex_encode(body.mr_seam.bytes)},
      {"mr_service_td", hex_encode(body.mr_service_td.bytes)},
      {"mr_signer_seam", hex_encode(body.mr_signer_seam.bytes)},
      {"mr_td", hex_encode(body.mr_td.bytes)},
      {"report_data", hex_encode(body.report_data)},
      {"rtmr0", hex_encode(body.rtmr[0].bytes)},
      {"rtmr1", hex_encode(body.rtmr[1].bytes)},
      {"rtmr2", hex_encode(body.rtmr[2].bytes)},
      {"rtmr3", hex_encode(body.rtmr[3].bytes)},
      {"seam_attributes", hex_u64(body.seam_attributes)},
      {"td_attributes", hex_u64(body.td_attributes)},
      {"tee_tcb_svn", hex_encode(body.tee_tcb_svn)},
      {"tee_tcb_svn_2", hex_encode(body.tee_tcb_svn_2)},
      {"xfam", hex_u64(body.xfam)}};
  return rows;
}

std::string body_json(const TdQuoteBody& body, std::uint16_t version) {
  ObjectText out;
  for (const auto& [name, value] : body_rows(body)) {
    if (name == "xfam") {
      out.integer("version", version);
    }
    out.string(name, value);
  }
  return std::move(out).finish();
}

std::string tdx_check_json(const TdxFinding& finding) {
  ObjectText out;
  out.string("check", to_string(finding.check));
  if (!finding.detail.empty()) {
    out.string("detail", finding.detail);
  }
  out.string("outcome", to_string(finding.outcome));
  out.string("stage", to_string(stage_of(finding.check)));
  return std::move(out).finish();
}

std::string platform_json(const attest::PckExtension& platform, const attest::TdxPolicy& policy) {
  const auto id = [](const std::optional<std::array<std::uint8_t, 16>>& value) {
    return value ? inert_json_string(hex_encode(*value)) : std::string("null");
  };
  const auto flag = [](const std::optional<bool>& value) {
    return std::string(!value ? "null" : *value ? "true" : "false");
  };
  ObjectText out;
  out.member("cached_keys", flag(platform.cached_keys));
  out.string("cpu_svn", hex_encode(platform.cpu_svn));
  out.member("dynamic_platform", flag(platform.dynamic_platform));
  out.string("fmspc", hex_encode(platform.fmspc));
  out.string("pce_id", hex_encode(platform.pce_id));
  out.integer("pce_svn", platform.pce_svn);
  out.string("physical_access_trust", to_string(policy.physical_access));
  out.member("piid", id(platform.piid));
  out.member("ppid", id(platform.ppid));
  out.member("smt_enabled", flag(platform.smt_enabled));
  return std::move(out).finish();
}

std::string tcb_json(const attest::TdxTcb& tcb) {
  ObjectText out;
  out.member("advisories", array_text(tcb.standing.advisories, inert_json_string));
  out.string("date", to_rfc3339(tcb.standing.tcb_date));
  out.member("module", tcb.module ? inert_json_string(to_string(*tcb.module)) : "null");
  out.string("platform", to_string(tcb.platform));
  out.integer("qe_identity_evaluation_number", tcb.qe_identity_evaluation_number);
  out.string("quoting_enclave", to_string(tcb.quoting_enclave));
  out.string("status", to_string(tcb.standing.status));
  out.integer("tcb_info_evaluation_number", tcb.tcb_info_evaluation_number);
  return std::move(out).finish();
}

std::string boot_event_json(const attest::ProvenEvent& event) {
  const bool is_bound = event.binding == attest::PayloadBinding::bound;
  ObjectText out;
  out.member("before_separator", event.is_before_separator ? "true" : "false");
  out.string("digest", hex_encode(event.digest));
  out.member("measured", is_bound ? inert_json_string(hex_encode(event.measured)) : "null");
  out.integer("rtmr", static_cast<std::int64_t>(event.register_index) - 1);
  out.integer("type", event.type);
  return std::move(out).finish();
}

std::string runtime_event_json(const attest::DstackEvent& event) {
  ObjectText out;
  out.string("event", event.name);
  out.string("payload", hex_encode(event.payload));
  return std::move(out).finish();
}

template <class Event>
std::span<const Event> first_events(const std::vector<Event>& events) {
  return std::span(events).first(std::min(events.size(), evidence_events_max));
}

void put_events(const TdxAppraisal& appraisal, ObjectText& out) {
  ObjectText events;
  events.member("boot", array_text(first_events(appraisal.boot_events), boot_event_json));
  events.integer("boot_total", static_cast<std::int64_t>(appraisal.boot_events.size()));
  events.member("runtime", array_text(first_events(appraisal.runtime_events), runtime_event_json));
  events.integer("runtime_total", static_cast<std::int64_t>(appraisal.runtime_events.size()));
  out.member("events", std::move(events).finish());
}

std::string tdx_policy_json(const Policy& policy) {
  ObjectText out;
  out.member("hash", policy.hash ? inert_json_string(crypto::to_text(*policy.hash)) : "null");
  out.string("name", policy.name);
  out.member("not_asked",
             array_text(not_asked_by(policy, attest::TeeKind::tdx), inert_json_string));
  return std::move(out).finish();
}

std::string_view tdx_word(CheckOutcome outcome) {
  switch (outcome) {
    case CheckOutcome::pass: return "pass";
    case CheckOutcome::fail: return "FAIL";
    case CheckOutcome::not_evaluated: return "unknown";
    case CheckOutcome::not_asked: return "any";
  }
  return "unknown";
}

void add_tdx_fact(std::string& out, std::string_view label, std::string_view text) {
  out += "  " + padded(label, 16) + inert_text(text, evidence_detail_bytes_max) + "\n";
}

void add_tdx_checks(std::string& out, const std::vector<TdxFinding>& findings) {
  out += "\nChecks, worst first\n";
  for (const CheckOutcome outcome : {CheckOutcome::fail, CheckOutcome::not_evaluated,
                                     CheckOutcome::not_asked, CheckOutcome::pass}) {
    for (const TdxFinding& finding : findings) {
      if (finding.outcome != outcome) continue;
      out += "  " + padded(tdx_word(outcome), 8) + padded(to_string(finding.check), 25) +
             inert_text(finding.detail, evidence_detail_bytes_max) + "\n";
    }
  }
}

void add_platform(std::string& out, const EvidenceReport& report) {
  if (!report.appraisal.platform) {
    return;
  }
  const attest::PckExtension& platform = *report.appraisal.platform;
  out += "\nPlatform\n";
  add_tdx_fact(out, "FMSPC", hex_encode(platform.fmspc));
  if (platform.ppid) add_tdx_fact(out, "PPID", hex_encode(*platform.ppid));
  if (platform.piid) add_tdx_fact(out, "PIID", hex_encode(*platform.piid));
  const bool is_listed =
      report.policy.tdx.physical_access == attest::PhysicalAccessTrust::allowlisted;
  add_tdx_fact(out, "physical access",
               is_listed ? "the policy lists platforms where nobody can open the machine"
                         : "not excluded: whoever can tap the memory bus could have forged this");
}

void add_tdx_events(std::string& out, const TdxAppraisal& appraisal) {
  if (!appraisal.boot_events.empty()) {
    const auto bound = std::ranges::count(appraisal.boot_events, attest::PayloadBinding::bound,
                                          &attest::ProvenEvent::binding);
    out += "\nBoot log\n";
    add_tdx_fact(out, "events",
                 std::to_string(appraisal.boot_events.size()) + ", of which " +
                     std::to_string(bound) + " show what was measured");
  }
  if (!appraisal.runtime_events.empty()) {
    out += "\nRuntime log (RTMR3)\n";
    for (const attest::DstackEvent& event : first_events(appraisal.runtime_events)) {
      add_tdx_fact(out, event.name, hex_encode(event.payload));
    }
  }
}

void add_tcb(std::string& out, const TdxAppraisal& appraisal) {
  if (!appraisal.tcb) {
    return;
  }
  const attest::TdxTcb& tcb = *appraisal.tcb;
  out += "\nFirmware, by Intel's lists\n";
  add_tdx_fact(out, "status", to_string(tcb.standing.status));
  add_tdx_fact(out, "TCB date", to_rfc3339(tcb.standing.tcb_date));
  std::string advisories;
  for (const std::string& advisory : tcb.standing.advisories) {
    advisories += (advisories.empty() ? "" : " ") + advisory;
  }
  add_tdx_fact(out, "advisories", advisories.empty() ? "none" : advisories);
  add_tdx_fact(out, "evaluation",
               "TCB info " + std::to_string(tcb.tcb_info_evaluation_number) + ", QE identity " +
                   std::to_string(tcb.qe_identity_evaluation_number));
}

}  // namespace

Verdict verdict_of(const TdxAppraisal& appraisal) {
  switch (appraisal.verdict) {
    case TdxVerdict::accepted: return Verdict::verified;
    case TdxVerdict::refused: return Verdict::refused;
    case TdxVerdict::inconclusive: return Verdict::inconclusive;
    case TdxVerdict::unattested: return Verdict::unattested;
    case TdxVerdict::contradicted: return Verdict::contradicted;
    case TdxVerdict::malformed: return Verdict::malformed;
  }
  return Verdict::internal;
}

std::string evidence_report_json(const EvidenceReport& report) {
  const TdxAppraisal& appraisal = report.appraisal;
  const Verdict verdict = verdict_of(appraisal);
  ObjectText out;
  out.integer("appraised_at_ms", report.appraised_at.value);
  out.member("checks", array_text(appraisal.findings, tdx_check_json));
  out.member("earliest_expiry_ms",
             appraisal.earliest_expiry ? std::to_string(appraisal.earliest_expiry->value) : "null");
  put_events(appraisal, out);
  out.integer("exit_code", exit_code(verdict));
  out.string("kind",
             appraisal.anchor_kind == attest::AnchorKind::simulated ? "simulated-tdx" : "tdx");
  out.member("measurement", appraisal.measurement_name.empty()
                                ? "null"
                                : inert_json_string(appraisal.measurement_name));
  out.member("platform",
             appraisal.platform ? platform_json(*appraisal.platform, report.policy.tdx) : "null");
  out.member("policy", tdx_policy_json(report.policy));
  out.member("quote", appraisal.verified_body
                          ? body_json(*appraisal.verified_body, appraisal.version)
                          : "null");
  out.string("schema", "mayfly/evidence-report/v1");
  out.member("tcb", appraisal.tcb ? tcb_json(*appraisal.tcb) : "null");
  out.string("verdict", to_string(verdict));
  out.string("verdict_text", explain_evidence(verdict));
  return std::move(out).finish();
}

std::string evidence_report_text(const EvidenceReport& report) {
  const TdxAppraisal& appraisal = report.appraisal;
  const Verdict verdict = verdict_of(appraisal);
  std::string out = upper(to_string(verdict)) + "  (exit code " +
                    std::to_string(exit_code(verdict)) + ")\n" +
                    std::string(explain_evidence(verdict)) + "\n";
  add_tcb(out, appraisal);
  add_platform(out, report);
  if (appraisal.verified_body) {
    out += "\nThe TD\n";
    for (const auto& [name, value] : body_rows(*appraisal.verified_body)) {
      add_tdx_fact(out, name, value);
    }
  }
  add_tdx_events(out, appraisal);
  out += "\nJudged\n";
  add_tdx_fact(out, "as of", to_rfc3339(report.appraised_at));
  if (appraisal.earliest_expiry) {
    add_tdx_fact(out, "good until", to_rfc3339(*appraisal.earliest_expiry));
  }
  add_tdx_fact(out, "by policy", report.policy.name);
  for (const std::string& line : not_asked_by(report.policy, attest::TeeKind::tdx)) {
    add_tdx_fact(out, "not asked", line);
  }
  add_tdx_checks(out, appraisal.findings);
  return out;
}

std::string describe_quote_json(const attest::ParsedTdxQuote& quote) {
  ObjectText out;
  out.string("kind", "tdx");
  out.member("quote", body_json(quote.body, quote.version));
  out.integer("quote_bytes", static_cast<std::int64_t>(quote.quote_bytes.size()));
  out.string("schema", "mayfly/evidence-contents/v1");
  out.integer("trailing_bytes", static_cast<std::int64_t>(quote.trailing_bytes.size()));
  out.member("verified", "false");
  return std::move(out).finish();
}

std::string describe_quote_text(const attest::ParsedTdxQuote& quote) {
  std::string out =
      "TDX quote, version " + std::to_string(quote.version) + ": what it says, NOT VERIFIED\n";
  for (const auto& [name, value] : body_rows(quote.body)) {
    add_tdx_fact(out, name, value);
  }
  add_tdx_fact(out, "quote",
               std::to_string(quote.quote_bytes.size()) + " bytes, then " +
                   std::to_string(quote.trailing_bytes.size()) + " bytes");
  return out;
}

}  // namespace mayfly::verifier
