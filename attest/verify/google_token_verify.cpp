#include "attest/verify/google_token_verify.hpp"

#include <algorithm>
#include <utility>

#include "crypto/pki_chain.hpp"

namespace mayfly::attest {

const std::array<CheckRow, 18> CheckTable<GoogleTokenCheck>::rows{{
    {CheckStage::layout, "token_layout"},
    {CheckStage::chain, "chain_readable"},
    {CheckStage::chain, "chain_anchor"},
    {CheckStage::chain, "chain_names"},
    {CheckStage::chain, "chain_constraints"},
    {CheckStage::chain, "chain_signatures"},
    {CheckStage::chain, "chain_validity"},
    {CheckStage::signature, "token_signature"},
    {CheckStage::signature, "token_issuer"},
    {CheckStage::binding, "token_time"},
    {CheckStage::binding, "audience"},
    {CheckStage::binding, "nonce"},
    {CheckStage::policy, "debug_off"},
    {CheckStage::policy, "software"},
    {CheckStage::policy, "hardware"},
    {CheckStage::policy, "secure_boot"},
    {CheckStage::policy, "support"},
    {CheckStage::policy, "image"},
}};

namespace {

using TokenFindings = Findings<GoogleTokenCheck>;
using crypto::SignatureForm;

constexpr crypto::SignatureScheme rs256{.form = SignatureForm::rsa_pkcs1,
                                        .hash = crypto::HashAlgorithm::sha256};

std::unexpected<Error> refuse(std::string why) {
  return fail(ErrorCode::rejected, std::move(why));
}

template <class T>
bool is_in(const std::vector<T>& list, const T& wanted) {
  return std::ranges::find(list, wanted) != list.end();
}

void judge_chain(const ParsedGoogleToken& token, const GoogleTokenPolicy& policy,
                 TokenFindings& findings) {
  const auto chain = crypto::read_pki_chain(token.certificates);
  if (!chain) {
    findings.fail(GoogleTokenCheck::chain_readable, chain.error().message());
    return;
  }
  findings.judge(GoogleTokenCheck::chain_readable, {});
  std::vector<ByteView> anchors;
  if (is_in(policy.roots, crypto::sha256(chain->back().der()))) {
    anchors.push_back(chain->back().der());
  }
  const auto report = crypto::check_pki_chain(*chain, anchors, token.issued_at);
  findings.judge(GoogleTokenCheck::chain_anchor, report.anchored);
  findings.judge(GoogleTokenCheck::chain_names, report.names);
  Result<void> constraints = report.constraints;
  if (constraints && !chain->front().may_sign_data()) {
    constraints = refuse("the leaf certificate may not sign tokens");
  }
  findings.judge(GoogleTokenCheck::chain_constraints, constraints);
  findings.judge(GoogleTokenCheck::chain_signatures, report.signatures);
  findings.judge(GoogleTokenCheck::chain_validity, report.validity);
  findings.judge(GoogleTokenCheck::token_signature,
                 chain->front().public_key().verify(rs256, token.signed_bytes, token.signature));
}

Result<void> verify_by_key(const ParsedGoogleToken& token, const GoogleTokenKey& key) {
  TRY(const crypto::PublicKey read, crypto::PublicKey::from_rsa(key.modulus, key.exponent));
  return read.verify(rs256, token.signed_bytes, token.signature);
}

void judge_listed_key(const ParsedGoogleToken& token, const GoogleTokenPolicy& policy,
                      TokenFindings& findings) {
  const auto key = std::ranges::find(policy.keys, token.key_id, &GoogleTokenKey::id);
  if (key == policy.keys.end()) {
    findings.fail(GoogleTokenCheck::chain_anchor, "the policy does not list the signing key");
    return;
  }
  const Any listed{"the policy lists the signing key itself"};
  for (const GoogleTokenCheck check :
       {GoogleTokenCheck::chain_readable, GoogleTokenCheck::chain_names,
        GoogleTokenCheck::chain_constraints, GoogleTokenCheck::chain_signatures,
        GoogleTokenCheck::chain_validity}) {
    findings.waive(check, listed);
  }
  findings.judge(GoogleTokenCheck::chain_anchor, {});
  findings.judge(GoogleTokenCheck::token_signature, verify_by_key(token, *key));
}

Result<void> check_time(const ParsedGoogleToken& token, UnixMillis at) {
  if (at < token.not_before) {
    return refuse("the token is not valid before " + to_rfc3339(token.not_before));
  }
  if (token.expires_at < at) {
    return refuse("the token is not valid after " + to_rfc3339(token.expires_at));
  }
  return {};
}

void judge_binding(const ParsedGoogleToken& token, const GoogleTokenPolicy& policy, UnixMillis at,
                   TokenFindings& findings) {
  constexpr std::string_view issuer = "https://confidentialcomputing.googleapis.com";
  findings.pass_if(GoogleTokenCheck::token_issuer, token.issuer == issuer,
                   "the token names another issuer than Google Cloud Attestation");
  findings.expect(GoogleTokenCheck::token_time, policy.time,
                  [&](const auto&) { return check_time(token, at); });
  findings.expect(GoogleTokenCheck::audience, policy.audience,
                  [&](const std::string& wanted) -> Result<void> {
                    if (token.audience == wanted) return {};
                    return refuse("the token was made for another audience");
                  });
  findings.expect(GoogleTokenCheck::nonce, policy.nonce,
                  [&](const std::string& wanted) -> Result<void> {
                    if (is_in(token.nonces, wanted)) return {};
                    return refuse("the token binds another nonce than the one asked for");
                  });
}

void judge_machine(const ParsedGoogleToken& token, const GoogleTokenPolicy& policy,
                   TokenFindings& findings) {
  findings.pass_if(GoogleTokenCheck::debug_off, token.debug_status == "disabled-since-boot",
                   "the image is one for debugging: its operator can look into it");
  findings.pass_if(GoogleTokenCheck::software, token.software == "CONFIDENTIAL_SPACE",
                   "the machine runs something else than Confidential Space");
  using Texts = std::vector<std::string>;
  findings.expect(GoogleTokenCheck::hardware, policy.hardware,
                  [&](const Texts& listed) -> Result<void> {
                    if (is_in(listed, token.hardware)) return {};
                    return refuse("the policy does not list the machine's hardware");
                  });
  findings.expect(GoogleTokenCheck::secure_boot, policy.secure_boot,
                  [&](const auto&) -> Result<void> {
                    if (token.secure_boot) return {};
                    return refuse("the machine started without Secure Boot");
                  });
  findings.expect(GoogleTokenCheck::support, policy.support,
                  [&](const std::string& wanted) -> Result<void> {
                    if (is_in(token.support, wanted)) return {};
                    return refuse("the image has not the support attribute that is asked for");
                  });
  findings.expect(GoogleTokenCheck::image, policy.images, [&](const Texts& listed) -> Result<void> {
    if (is_in(listed, token.image_digest)) return {};
    return refuse("the policy does not list the container's digest");
  });
}

}  // namespace

GoogleTokenAppraisal appraise_google_token(ByteView bytes, const GoogleTokenPolicy& policy,
                                           UnixMillis at) {
  GoogleTokenAppraisal out;
  TokenFindings& findings = out.findings;
  auto token = parse_google_token(bytes);
  if (!token) {
    findings.fail(GoogleTokenCheck::token_layout, token.error().message());
    return out;
  }
  findings.judge(GoogleTokenCheck::token_layout, {});
  if (token->certificates.empty()) {
    judge_listed_key(*token, policy, findings);
  } else {
    judge_chain(*token, policy, findings);
  }
  judge_binding(*token, policy, at, findings);
  judge_machine(*token, policy, findings);
  out.verdict = findings.verdict();
  if (findings.holds(CheckStage::layout) && findings.holds(CheckStage::chain) &&
      findings.holds(CheckStage::signature)) {
    out.verified = std::move(*token);
    out.verified->signed_bytes = {};  // the caller's bytes, which he may not keep
  }
  return out;
}

}  // namespace mayfly::attest
