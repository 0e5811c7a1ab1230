#include "attest/verify/tdx_verify.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "attest/model/tdx_layout.hpp"
#include "attest/verify/pck_chain.hpp"
#include "attest/verify/tdx_quote.hpp"
#include "crypto/ecdsa.hpp"
#include "crypto/sha2.hpp"

namespace mayfly::attest {
namespace {

TdxFinding pass_or_fail(TdxCheck check, Result<void> result) {
  if (result) {
    return {check, CheckOutcome::pass, ""};
  }
  return {check, CheckOutcome::fail, result.error().message()};
}

TdxFinding pass_if(TdxCheck check, bool condition, std::string_view otherwise) {
  if (condition) {
    return {check, CheckOutcome::pass, ""};
  }
  return {check, CheckOutcome::fail, std::string(otherwise)};
}

Result<void> verify_p256(ByteView public_key, ByteView message, ByteView signature) {
  TRY(const crypto::EcdsaPublicKey key,
      crypto::EcdsaPublicKey::from_raw(crypto::EcdsaCurve::p256, public_key));
  return key.verify(message, signature);
}

TdxFinding qe_report_signature(const ParsedTdxQuote& quote, const PckChainAppraisal& chain) {
  if (!chain.leaf_public_key) {
    return {TdxCheck::qe_report_signature, CheckOutcome::not_evaluated,
            "there is no readable chain of certificates"};
  }
  return pass_or_fail(
      TdxCheck::qe_report_signature,
      verify_p256(*chain.leaf_public_key, quote.qe_report_bytes, quote.qe_report_signature));
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

void append_td_policy(const TdQuoteBody& body, std::vector<TdxFinding>& findings) {
  constexpr std::uint64_t known_attributes =
      tdx_layout::td_attributes_debug_mask | tdx_layout::td_attribute_sept_ve_disable |
      tdx_layout::td_attribute_protection_keys | tdx_layout::td_attribute_key_locker |
      tdx_layout::td_attribute_perfmon;
  findings.push_back(pass_if(TdxCheck::td_debug_off,
                             (body.td_attributes & tdx_layout::td_attributes_debug_mask) == 0,
                             "the TD runs under debug: its host can read and change its memory"));
  findings.push_back(pass_if(TdxCheck::td_attributes_known,
                             (body.td_attributes & ~known_attributes) == 0,
                             "TDATTRIBUTES has a reserved bit set, or MIGRATABLE"));
  findings.push_back(pass_if(TdxCheck::td_sept_ve_disable,
                             (body.td_attributes & tdx_layout::td_attribute_sept_ve_disable) != 0,
                             "SEPT_VE_DISABLE is not set: the host can inject exceptions by "
                             "taking pages away"));
  findings.push_back(
      pass_if(TdxCheck::td_xfam,
              (body.xfam & tdx_layout::xfam_fixed_ones) == tdx_layout::xfam_fixed_ones &&
                  (body.xfam & ~tdx_layout::xfam_allowed) == 0,
              "XFAM has a bit set or clear that TDX does not allow"));
}

void append_not_evaluated(TdxCheck first, TdxCheck last, std::string_view why,
                          std::vector<TdxFinding>& findings) {
  for (auto i = std::to_underlying(first); i <= std::to_underlying(last); ++i) {
    findings.push_back({static_cast<TdxCheck>(i), CheckOutcome::not_evaluated, std::string(why)});
  }
}

TdxAppraisal unreadable(std::string why) {
  TdxAppraisal out;
  out.findings.push_back({TdxCheck::quote_layout, CheckOutcome::fail, std::move(why)});
  append_not_evaluated(TdxCheck::chain_certificates, TdxCheck::tcb_status,
                       "the quote could not be read", out.findings);
  return out;
}

}  // namespace

TdxAppraisal appraise_tdx(ByteView quote_bytes, std::span<const TrustAnchor> anchors,
                          UnixMillis at) {
  const auto quote = parse_tdx_quote(quote_bytes);
  if (!quote) {
    return unreadable(quote.error().message());
  }
  const PckChainAppraisal chain = appraise_pck_chain(quote->pck_chain_pem, anchors, at);

  TdxAppraisal out;
  out.trailing_zero_bytes = quote->trailing_zero_bytes;
  out.findings.push_back({TdxCheck::quote_layout, CheckOutcome::pass, ""});
  out.findings.insert(out.findings.end(), chain.findings.begin(), chain.findings.end());
  out.findings.push_back(qe_report_signature(*quote, chain));
  out.findings.push_back(attestation_key_binding(*quote));
  out.findings.push_back(
      pass_or_fail(TdxCheck::quote_signature,
                   verify_p256(quote->attestation_key, quote->signed_bytes, quote->signature)));
  append_td_policy(quote->body, out.findings);
  append_not_evaluated(TdxCheck::pck_revocation, TdxCheck::tcb_status,
                       "Intel's collateral was not given", out.findings);

  if (chain.anchor != nullptr) {
    out.anchor_kind = chain.anchor->kind;
    out.anchor_name = chain.anchor->name;
    if (out.outcome_of(TdxStage::signatures) == CheckOutcome::pass) {
      out.verified_body = quote->body;
    }
  }
  const bool any_failed = std::ranges::any_of(
      out.findings, [](const TdxFinding& each) { return each.outcome == CheckOutcome::fail; });
  out.verdict = any_failed ? TdxVerdict::rejected : TdxVerdict::collateral_needed;
  return out;
}

}  // namespace mayfly::attest
