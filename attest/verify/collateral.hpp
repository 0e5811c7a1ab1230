// What Intel publishes about its platforms, as whoever holds a quote has it on disk, and whether
// Intel signed it and it is valid at a time. Nothing is fetched.
//
// Source    Intel PCS API version 4. Lists: tcb_info.hpp, qe_identity.hpp.
// Errors    None from appraise_collateral(): everything that is wrong is a finding.
// Threads   Pure function: no I/O, no clock, no globals.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "attest/model/trust_anchor.hpp"
#include "attest/verify/qe_identity.hpp"
#include "attest/verify/tcb_info.hpp"
#include "attest/verify/tdx_appraisal.hpp"
#include "base/bytes.hpp"
#include "base/time.hpp"
#include "crypto/x509.hpp"
#include "crypto/x509_crl.hpp"

namespace mayfly::attest {

// Intel's own files. Empty: it is not there.
struct TdxCollateral {
  Bytes tcb_info;       // {"tcbInfo":{...},"signature":"..."}
  Bytes qe_identity;    // {"enclaveIdentity":{...},"signature":"..."}
  Bytes signing_chain;  // PEM: TCB signing certificate, root
  Bytes root_crl;       // DER
  Bytes pck_crl;        // DER, of the CA that issued the PCK certificate
};

// Members are set once the signature over them was found right. They may still be out of their
// time.
struct CollateralAppraisal {
  // Every check that needs no quote, once: root_crl to qe_identity_validity, in order.
  std::vector<TdxFinding> findings;
  bool is_complete = false;  // nothing is missing
  const TrustAnchor* anchor = nullptr;
  std::optional<TcbInfo> tcb_info;
  std::optional<QeIdentity> qe_identity;
  std::optional<crypto::X509Crl> root_crl;
  Bytes signing_serial;  // of the TCB signing certificate
  // Layout only: who issued it is known from the quote's chain.
  std::optional<crypto::X509Crl> pck_crl;
  std::string pck_crl_unreadable;  // why
  // Of what has one; the first time at which something here is no longer valid.
  std::optional<UnixMillis> earliest_expiry;
  std::optional<UnixMillis> oldest_issue;
};

// Borrows from both arguments.
CollateralAppraisal appraise_collateral(const TdxCollateral& collateral,
                                        std::span<const TrustAnchor> anchors, UnixMillis at);

}  // namespace mayfly::attest
