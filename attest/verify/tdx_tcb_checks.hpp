// The checks of TdxStage::collateral that need the quote: is this platform in Intel's lists, and
// where?
//
// Threads   Pure functions.
#pragma once
#include <optional>
#include <vector>

#include "attest/verify/collateral.hpp"
#include "attest/verify/pck_chain.hpp"
#include "attest/verify/tdx_appraisal.hpp"
#include "attest/verify/tdx_policy.hpp"
#include "attest/verify/tdx_quote.hpp"
#include "base/time.hpp"

namespace mayfly::attest {

// The list of the CA that issued PCK certificates: the same for every quote under that CA.
struct PckCrlFindings {
  std::vector<TdxFinding> findings;  // pck_crl, pck_crl_validity
  bool is_verified = false;
};
PckCrlFindings check_pck_crl(const CollateralAppraisal& collateral, const PckIssuers& issuers,
                             UnixMillis at);

struct TcbQuestion {
  const ParsedTdxQuote& quote;
  const PckChainAppraisal& chain;
  const CollateralAppraisal& collateral;
  const PckCrlFindings& pck_crl;
  const TdxPolicy& policy;
  UnixMillis at;
};
struct TcbFindings {
  std::vector<TdxFinding> findings;  // revocation to collateral_age, in order
  std::optional<TdxTcb> tcb;
};
TcbFindings check_tcb(const TcbQuestion& question);

}  // namespace mayfly::attest
