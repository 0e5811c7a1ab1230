// The certificate chain in a TDX quote: PCK leaf, its CA, a pinned root. Checks it and reports each
// check of TdxStage::chain.
//
// Source    Intel SGX PCK Certificate and CRL Profile Specification; RFC 5280 clause 6 for a chain
//           of fixed length.
// Threads   Pure function; no clock: the time is an argument.
#pragma once
#include <array>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "attest/model/trust_anchor.hpp"
#include "attest/verify/pck_extension.hpp"
#include "attest/verify/tdx_appraisal.hpp"
#include "base/time.hpp"
#include "crypto/x509.hpp"

namespace mayfly::attest {

// A certificate with the bytes that it borrows from. Moving it keeps them where they are.
struct HeldCertificate {
  static Result<HeldCertificate> read(Bytes der);

  Bytes der;
  crypto::X509Certificate parsed;
};

// The two upper certificates of a chain. Many quotes share them, so what was found out about them
// is kept with them.
struct PckIssuers {
  HeldCertificate authority;
  HeldCertificate root;
  Result<void> authority_signature;  // by the root's key
};
using SharedPckIssuers = std::shared_ptr<const PckIssuers>;

struct PckChainAppraisal {
  std::vector<TdxFinding> findings;  // every check of TdxStage::chain once, in order
  // As soon as the chain is readable: believe what its key signs only if `is_authentic`.
  std::optional<HeldCertificate> leaf;
  SharedPckIssuers issuers;
  std::optional<PckExtension> platform;
  const TrustAnchor* anchor = nullptr;  // borrowed from `anchors`
  bool is_authentic = false;            // every check but chain_validity passed
  bool is_valid = false;                // and that one too
};

// `known` are issuers of an earlier quote, or null: they are read again only if they differ.
PckChainAppraisal appraise_pck_chain(ByteView chain_pem, std::span<const TrustAnchor> anchors,
                                     UnixMillis at, const SharedPckIssuers& known);

// Rules for certificates that both kinds of chain (PCK, TCB signing) use.
const TrustAnchor* find_anchor(ByteView root_der, std::span<const TrustAnchor> anchors);
Result<void> check_issuing_certificate(const crypto::X509Certificate& certificate,
                                       std::uint32_t authorities_below);
Result<void> check_end_certificate(const crypto::X509Certificate& certificate);

}  // namespace mayfly::attest
