#include "attest/verify/tdx_verify.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "attest/model/tdx_layout.hpp"
#include "attest/verify/td_policy_checks.hpp"
#include "attest/verify/tdx_finding.hpp"
#include "attest/verify/tdx_quote.hpp"
#include "crypto/ecdsa.hpp"
#include "crypto/sha2.hpp"

namespace mayfly::attest {
namespace {

Result<void> verify_p256(ByteView public_key, ByteView message, ByteView signature) {
  TRY(const crypto::EcdsaPublicKey key,
      crypto::EcdsaPublicKey::from_raw(crypto::EcdsaCurve::p256, public_key));
  return key.verify(message, signature);
}

TdxFinding quote_padding(const ParsedTdxQuote& quote, Padding padding) {
  const ByteView trailing = quote.trailing_bytes;
  if (trailing.empty()) {
    return {TdxCheck::quote_padding, CheckOutcome::pass, ""};
  }
  const std::string count = std::to_string(trailing.size());
  if (!are_zero(trailing)) {
    return {TdxCheck::quote_padding, CheckOutcome::fail,
            count + " bytes other than zero padding follow the quote"};
  }
  return {TdxCheck::quote_padding,
          padding == Padding::zeros_accepted ? CheckOutcome::pass : CheckOutcome::fail,
          count + " zero bytes follow the quote"};
}

TdxFinding qe_report_signature(const ParsedTdxQuote& quote, const PckChainAppraisal& chain) {
  if (!chain.leaf) {
    return not_evaluated(TdxCheck::qe_report_signature,
                         "there is no readable chain of certificates");
  }
  return pass_or_fail(
      TdxCheck::qe_report_signature,
      verify_p256(chain.leaf->parsed.public_key, quote.qe_report_bytes, quote.qe_report_signature));
}

// The QE puts SHA-256(attestation key || authentication data) || 32 zero bytes in its report.
TdxFinding attestation_key_binding(const ParsedTdxQuote& quote) {
  crypto::Sha256Hasher hasher;
  hasher.update(quote.attestation_key);
  hasher.update(quote.qe_authentication_data);
  const crypto::Sha256 digest = std::move(hasher).finish();
  std::array<std::uint8_t, tdx_layout::report_data_bytes> expected{};
  std::ranges::copy(digest.bytes, expected.begin());
  return pass_if(TdxCheck::attestation_key_binding, quote.qe_report.report_data == expected,
                 "the quoting enclave's report vouches for another attestation key");
}

void append(std::vector<TdxFinding>& findings, const std::vector<TdxFinding>& more) {
  findings.insert(findings.end(), more.begin(), more.end());
}

void append_not_evaluated(TdxCheck first, TdxCheck last, std::string_view why,
                          std::vector<TdxFinding>& findings) {
  for (auto i = std::to_underlying(first); i <= std::to_underlying(last); ++i) {
    findings.push_back(not_evaluated(static_cast<TdxCheck>(i), why));
  }
}

TdxAppraisal unreadable_quote(std::string why) {
  TdxAppraisal out;
  out.findings.push_back({TdxCheck::quote_layout, CheckOutcome::fail, std::move(why)});
  append_not_evaluated(TdxCheck::quote_padding, TdxCheck::runtime_log_events,
                       "the quote could not be read", out.findings);
  return out;
}

// The first end of validity among everything that was used.
UnixMillis earliest_expiry(const PckChainAppraisal& chain, const CollateralAppraisal& collateral) {
  UnixMillis earliest =
      std::min({chain.leaf->parsed.not_after, chain.issuers->authority.parsed.not_after,
                chain.issuers->root.parsed.not_after});
  if (collateral.earliest_expiry) {
    earliest = std::min(earliest, *collateral.earliest_expiry);
  }
  if (collateral.pck_crl) {
    earliest = std::min(earliest, collateral.pck_crl->next_update);
  }
  return earliest;
}

TdxVerdict verdict_of(const TdxAppraisal& appraisal, const CollateralAppraisal& collateral) {
  TdxVerdict verdict = TdxVerdict::accepted;
  bool any_not_evaluated = false;
  for (const TdxFinding& finding : appraisal.findings) {
    if (finding.outcome == CheckOutcome::fail) {
      verdict = std::max(verdict, verdict_of_failure(finding.check));
    }
    any_not_evaluated |= finding.outcome == CheckOutcome::not_evaluated;
  }
  if (appraisal.anchor_kind == AnchorKind::simulated) {
    return std::max(verdict, TdxVerdict::unattested);
  }
  // A check that could not be done because another failed adds nothing to that failure.
  if (!collateral.is_complete || (any_not_evaluated && verdict == TdxVerdict::accepted)) {
    return std::max(verdict, TdxVerdict::inconclusive);
  }
  return verdict;
}

}  // namespace

TdxVerifier::TdxVerifier(const TdxCollateral& collateral, const TdxPolicy& policy, UnixMillis at)
    : policy_(policy), at_(at), collateral_(appraise_collateral(collateral, policy.anchors, at)) {}

TdxAppraisal TdxVerifier::verify(ByteView quote_bytes, const TdLogs& logs) {
  const auto quote = parse_tdx_quote(quote_bytes);
  if (!quote) {
    return unreadable_quote(quote.error().message());
  }
  const PckChainAppraisal chain =
      appraise_pck_chain(quote->pck_chain_pem, policy_.anchors, at_, known_.issuers);
  TdxAppraisal out;
  out.version = quote->version;
  out.trailing_bytes = quote->trailing_bytes.size();
  out.findings.reserve(tdx_check_count);
  out.findings.push_back({TdxCheck::quote_layout, CheckOutcome::pass, ""});
  out.findings.push_back(quote_padding(*quote, policy_.padding));
  append(out.findings, chain.findings);
  out.findings.push_back(qe_report_signature(*quote, chain));
  out.findings.push_back(attestation_key_binding(*quote));
  out.findings.push_back(
      pass_or_fail(TdxCheck::quote_signature,
                   verify_p256(quote->attestation_key, quote->signed_bytes, quote->signature)));
  append_collateral(*quote, chain, out);
  const PckExtension* const platform = chain.platform ? &*chain.platform : nullptr;
  TdPolicyFindings td = check_td_policy(quote->body, platform, policy_);
  append(out.findings, td.findings);
  out.measurement_name = std::move(td.measurement_name);
  TdLogFindings shown = check_td_logs(quote->body, logs, policy_);
  append(out.findings, shown.findings);

  if (out.outcome_of(TdxStage::signatures) != CheckOutcome::pass) {
    out.tcb.reset();
  } else if (chain.is_valid) {
    out.verified_body = quote->body;
    out.boot_events = std::move(shown.boot_events);
    out.runtime_events = std::move(shown.runtime_events);
  }
  conclude(chain, out);
  return out;
}

const PckCrlFindings& TdxVerifier::pck_crl_of(const PckChainAppraisal& chain) {
  if (known_.issuers != chain.issuers) {
    known_ = {chain.issuers, check_pck_crl(collateral_, *chain.issuers, at_)};
  }
  return known_.pck_crl;
}

void TdxVerifier::append_collateral(const ParsedTdxQuote& quote, const PckChainAppraisal& chain,
                                    TdxAppraisal& out) {
  if (!chain.is_authentic || chain.anchor->kind == AnchorKind::simulated) {
    append(out.findings, collateral_.findings);
    append_not_evaluated(TdxCheck::pck_crl, TdxCheck::collateral_age,
                         chain.is_authentic ? "a simulated platform is in no list of Intel's"
                                            : "the quote's certificate chain is not authentic",
                         out.findings);
    return;
  }
  append(out.findings, collateral_.findings);
  if (collateral_.anchor != nullptr && collateral_.anchor != chain.anchor) {
    append_not_evaluated(TdxCheck::pck_crl, TdxCheck::collateral_age,
                         "the collateral is of another root than the quote", out.findings);
    auto& root = out.findings.at(static_cast<std::size_t>(TdxCheck::root_crl));
    root = {TdxCheck::root_crl, CheckOutcome::fail, "it is of another root than the quote"};
    return;
  }
  const PckCrlFindings& pck_crl = pck_crl_of(chain);
  append(out.findings, pck_crl.findings);
  TcbFindings tcb = check_tcb({quote, chain, collateral_, pck_crl, policy_, at_});
  append(out.findings, tcb.findings);
  out.tcb = std::move(tcb.tcb);
}

void TdxVerifier::conclude(const PckChainAppraisal& chain, TdxAppraisal& out) const {
  if (chain.is_valid) {
    out.anchor_kind = chain.anchor->kind;
    out.anchor_name = chain.anchor->name;
    out.platform = chain.platform;
  }
  if (chain.is_authentic) {
    out.earliest_expiry = earliest_expiry(chain, collateral_);
  }
  out.verdict = verdict_of(out, collateral_);
}

TdxAppraisal verify_tdx(ByteView quote, const TdxCollateral& collateral, const TdxPolicy& policy,
                        UnixMillis at, const TdLogs& logs) {
  return TdxVerifier(collateral, policy, at).verify(quote, logs);
}

}  // namespace mayfly::attest
