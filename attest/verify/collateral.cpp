#include "attest/verify/collateral.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "attest/verify/collateral_envelope.hpp"
#include "attest/verify/pck_chain.hpp"
#include "attest/verify/refuse.hpp"
#include "attest/verify/tdx_finding.hpp"
#include "crypto/ecdsa.hpp"
#include "crypto/pem.hpp"

namespace mayfly::attest {
namespace {

constexpr std::size_t signing_chain_length = 2;
constexpr std::size_t issuer_chain_length_read_max = 8;

struct SigningChain {
  HeldCertificate leaf;
  HeldCertificate root;
  const TrustAnchor* anchor;
};

// Chain, names, uses and signature; not its time.
Result<SigningChain> read_signing_chain(ByteView pem, std::span<const TrustAnchor> anchors) {
  TRY(std::vector<Bytes> der, crypto::split_pem_chain(pem, issuer_chain_length_read_max));
  if (der.size() != signing_chain_length) {
    return refuse("it has " + std::to_string(der.size()) +
                  " certificates, and must have two: the TCB signing certificate and its root");
  }
  TRY(HeldCertificate leaf, HeldCertificate::read(std::move(der[0])));
  TRY(HeldCertificate root, HeldCertificate::read(std::move(der[1])));
  const TrustAnchor* const anchor = find_anchor(root.der, anchors);
  if (anchor == nullptr || anchor->kind != AnchorKind::hardware) {
    return refuse("it ends in a root certificate that is not one of the pinned roots");
  }
  if (leaf.parsed.subject_common_name != "Intel SGX TCB Signing" ||
      root.parsed.subject_common_name != "Intel SGX Root CA") {
    return refuse("its certificates do not bear the names of a TCB signing chain");
  }
  CHECK_OK(check_issuing_certificate(root.parsed, /*authorities_below=*/0));
  CHECK_OK(check_end_certificate(leaf.parsed));
  CHECK_OK(crypto::verify_issued_by(leaf.parsed, root.parsed));
  return SigningChain{std::move(leaf), std::move(root), anchor};
}

// Gathers findings, and what they are about, in the order of the checks.
class Appraiser {
 public:
  Appraiser(const TdxCollateral& collateral, std::span<const TrustAnchor> anchors, UnixMillis at)
      : collateral_(collateral), anchors_(anchors), at_(at) {
    out_.is_complete = true;
  }

  CollateralAppraisal run() && {
    appraise_root_crl();
    appraise_signing_chain();
    appraise_tcb_info();
    appraise_qe_identity();
    read_pck_crl();
    return std::move(out_);
  }

 private:
  void add(TdxFinding finding) { out_.findings.push_back(std::move(finding)); }

  void missing(std::initializer_list<TdxCheck> checks, std::string_view what) {
    out_.is_complete = false;
    for (const TdxCheck check : checks) {
      add(not_evaluated(check, std::string(what) + " was not given"));
    }
  }

  void expires(UnixMillis at) {
    out_.earliest_expiry = std::min(out_.earliest_expiry.value_or(at), at);
  }
  void issued(UnixMillis at) { out_.oldest_issue = std::min(out_.oldest_issue.value_or(at), at); }

  void add_validity(TdxCheck check, const Validity& validity) {
    expires(validity.until);
    const std::string why = not_valid_at(validity, at_);
    add(pass_if(check, why.empty(), why + "; it is used as of " + to_rfc3339(at_)));
  }

  // The root whose list this is: whichever pinned root signed it.
  Result<const TrustAnchor*> issuer_of(const crypto::X509Crl& crl) const {
    Result<const TrustAnchor*> out = refuse("it is not a list of a pinned root");
    for (const TrustAnchor& anchor : anchors_) {
      const auto root = crypto::parse_x509(anchor.root_certificate);
      if (anchor.kind != AnchorKind::hardware || !root) continue;
      const auto verified = crypto::verify_crl_issued_by(crl, *root);
      if (verified) return &anchor;
      out = std::unexpected(verified.error());
    }
    return out;
  }

  void appraise_root_crl() {
    if (collateral_.root_crl.empty()) {
      missing({TdxCheck::root_crl, TdxCheck::root_crl_validity}, "the root's revocation list");
      return;
    }
    auto crl = crypto::parse_x509_crl(collateral_.root_crl);
    const auto issuer = crl ? issuer_of(*crl) : std::unexpected(crl.error());
    if (!issuer) {
      add({TdxCheck::root_crl, CheckOutcome::fail,
           "the root's revocation list: " + issuer.error().message()});
      add(not_evaluated(TdxCheck::root_crl_validity, "the list is not the root's"));
      return;
    }
    out_.anchor = *issuer;
    add({TdxCheck::root_crl, CheckOutcome::pass, ""});
    add_validity(TdxCheck::root_crl_validity,
                 {"the root's revocation list", crl->this_update, crl->next_update});
    out_.root_crl = std::move(*crl);
  }

  void appraise_signing_chain() {
    if (collateral_.signing_chain.empty()) {
      missing({TdxCheck::tcb_signing_chain, TdxCheck::tcb_signing_validity},
              "the TCB signing chain");
      return;
    }
    auto chain = read_signing_chain(collateral_.signing_chain, anchors_);
    if (chain && out_.anchor != nullptr && chain->anchor != out_.anchor) {
      chain = refuse("its root is another one than that of the revocation list");
    }
    if (!chain) {
      add({TdxCheck::tcb_signing_chain, CheckOutcome::fail,
           "the TCB signing chain: " + chain.error().message()});
      add(not_evaluated(TdxCheck::tcb_signing_validity, "the chain is not one of Intel's"));
      return;
    }
    out_.anchor = chain->anchor;
    add({TdxCheck::tcb_signing_chain, CheckOutcome::pass, ""});
    const crypto::X509Certificate& leaf = chain->leaf.parsed;
    expires(chain->root.parsed.not_after);
    add_validity(TdxCheck::tcb_signing_validity,
                 {"the TCB signing certificate", leaf.not_before, leaf.not_after});
    out_.signing_serial.assign(leaf.serial.begin(), leaf.serial.end());
    signing_key_ = leaf.public_key;
  }

  Result<void> verify(const CollateralEnvelope& envelope) const {
    TRY(const crypto::EcdsaPublicKey key,
        crypto::EcdsaPublicKey::from_raw(crypto::EcdsaCurve::p256, *signing_key_));
    return key.verify(envelope.body, envelope.signature);
  }

  struct Kind {
    std::string_view what;
    std::string_view body_name;
    TdxCheck signature;
    TdxCheck contents;
    TdxCheck validity;
  };

  // The body, if Intel signed it; its bytes are read by no one before that.
  std::optional<ByteView> signed_body(const Kind& kind, ByteView file) {
    if (file.empty()) {
      missing({kind.signature, kind.contents, kind.validity}, kind.what);
      return std::nullopt;
    }
    std::string why = "there is no TCB signing chain to verify it with";
    CheckOutcome outcome = CheckOutcome::not_evaluated;
    if (const auto envelope = open_envelope(file, kind.body_name); !envelope) {
      why = std::string(kind.what) + ": " + envelope.error().message();
      outcome = CheckOutcome::fail;
    } else if (signing_key_) {
      const auto verified = verify(*envelope);
      if (verified) {
        add({kind.signature, CheckOutcome::pass, ""});
        return envelope->body;
      }
      why = std::string(kind.what) + ": " + verified.error().message();
      outcome = CheckOutcome::fail;
    }
    add({kind.signature, outcome, why});
    add(not_evaluated(kind.contents, "its signature was not found right"));
    add(not_evaluated(kind.validity, "its signature was not found right"));
    return std::nullopt;
  }

  template <class T>
  std::optional<T> appraise_list(const Kind& kind, ByteView file, Result<T> (*parse)(ByteView)) {
    const auto body = signed_body(kind, file);
    if (!body) {
      return std::nullopt;
    }
    auto list = parse(*body);
    if (!list) {
      add({kind.contents, CheckOutcome::fail,
           std::string(kind.what) + ": " + list.error().message()});
      add(not_evaluated(kind.validity, "it could not be read"));
      return std::nullopt;
    }
    add({kind.contents, CheckOutcome::pass, ""});
    issued(list->issue_date);
    add_validity(kind.validity, {kind.what, list->issue_date, list->next_update});
    return std::move(*list);
  }

  void appraise_tcb_info() {
    constexpr Kind kind{"the TCB info", tcb_info_body_name, TdxCheck::tcb_info_signature,
                        TdxCheck::tcb_info, TdxCheck::tcb_info_validity};
    out_.tcb_info = appraise_list(kind, collateral_.tcb_info, parse_tcb_info);
  }

  void appraise_qe_identity() {
    constexpr Kind kind{"the QE identity", qe_identity_body_name, TdxCheck::qe_identity_signature,
                        TdxCheck::qe_identity, TdxCheck::qe_identity_validity};
    out_.qe_identity = appraise_list(kind, collateral_.qe_identity, parse_qe_identity);
  }

  void read_pck_crl() {
    if (collateral_.pck_crl.empty()) {
      out_.is_complete = false;
      return;
    }
    auto crl = crypto::parse_x509_crl(collateral_.pck_crl);
    if (!crl) {
      out_.pck_crl_unreadable = crl.error().message();
      return;
    }
    out_.pck_crl = std::move(*crl);
  }

  const TdxCollateral& collateral_;
  std::span<const TrustAnchor> anchors_;
  UnixMillis at_;
  std::optional<std::array<std::uint8_t, crypto::p256_key_bytes>> signing_key_;
  CollateralAppraisal out_;
};

}  // namespace

CollateralAppraisal appraise_collateral(const TdxCollateral& collateral,
                                        std::span<const TrustAnchor> anchors, UnixMillis at) {
  return Appraiser(collateral, anchors, at).run();
}

}  // namespace mayfly::attest
