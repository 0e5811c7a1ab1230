// What was found of bare evidence: a quote that someone holds without a certificate.
//
// Shapes    JSON, members sorted: {"appraised_at_ms", "checks": [{"check", "detail"?, "outcome",
//           "stage"}...], "earliest_expiry_ms" | null, "events": {"boot": [{"before_separator",
//           "digest", "measured" | null, "rtmr", "type"}...], "boot_total", "runtime": [{"event",
//           "payload"}...], "runtime_total"} (512 of each at most), "exit_code", "kind",
//           "measurement" | null, "platform": {...} | null, "policy": {"hash" | null, "name",
//           "not_asked": [...]}, "quote": {...} | null, "schema": "mayfly/evidence-report/v1",
//           "tcb": {...} | null, "verdict", "verdict_text"}. "check", "outcome", "stage" and
//           "verdict" are stable. docs/attestation.md is the reference. The exit code is the
//           verdict's, as for a certificate: 0 verified, 1 contradicted, 2 malformed, 3
//           inconclusive, 4 refused, 5 not hardware-attested.
// Threads   Pure functions.
#pragma once
#include <string>

#include "attest/verify/tdx_appraisal.hpp"
#include "base/time.hpp"
#include "verifier/policy.hpp"
#include "verifier/verdict.hpp"

namespace mayfly::verifier {

// Of every kind of evidence.
inline constexpr std::size_t evidence_detail_bytes_max = 600;  // shown of a text from it
inline constexpr std::size_t evidence_events_max = 512;        // shown of a log

struct EvidenceReport {
  UnixMillis appraised_at;
  Policy policy;
  attest::TdxAppraisal appraisal;
};

Verdict verdict_of(const attest::TdxAppraisal& appraisal);

std::string evidence_report_json(const EvidenceReport& report);
std::string evidence_report_text(const EvidenceReport& report);

// What a quote says, believed by no one: for people who want to look into it.
std::string describe_quote_json(const attest::ParsedTdxQuote& quote);
std::string describe_quote_text(const attest::ParsedTdxQuote& quote);

}  // namespace mayfly::verifier
