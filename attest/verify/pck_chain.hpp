// The certificate chain in a TDX quote: PCK leaf, its CA, a pinned root. Checks it and reports each
// check of TdxStage::chain.
//
// Source    Intel SGX PCK Certificate and CRL Profile Specification; RFC 5280 clause 6 for a chain
//           of fixed length.
// Threads   Pure function; no clock: the time is an argument.
#pragma once
#include <array>
#include <optional>
#include <span>
#include <vector>

#include "attest/model/trust_anchor.hpp"
#include "attest/verify/tdx_appraisal.hpp"
#include "base/time.hpp"
#include "crypto/ecdsa.hpp"

namespace mayfly::attest {

struct PckChainAppraisal {
  std::vector<TdxFinding> findings;  // every check of TdxStage::chain once, in order
  // The leaf's key, x || y, as soon as the chain is readable: believe what it signs only if every
  // finding is a pass.
  std::optional<std::array<std::uint8_t, crypto::p256_key_bytes>> leaf_public_key;
  // Set only if every finding is a pass. Borrowed from `anchors`.
  const TrustAnchor* anchor = nullptr;
};

PckChainAppraisal appraise_pck_chain(ByteView chain_pem, std::span<const TrustAnchor> anchors,
                                     UnixMillis at);

}  // namespace mayfly::attest
