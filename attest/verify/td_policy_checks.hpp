// The checks of TdxStage::td_policy: is this the TD, on a platform, that the policy wants?
//
// Source    Intel TDX Module Base Architecture (ATTRIBUTES, XFAM).
// Threads   Pure function.
#pragma once
#include <string>
#include <vector>

#include "attest/verify/tdx_appraisal.hpp"
#include "attest/verify/tdx_policy.hpp"

namespace mayfly::attest {

struct TdPolicyFindings {
  std::vector<TdxFinding> findings;  // every check of the stage once, in order
  std::string measurement_name;      // that was met
};

// `platform` may be null: there is none to be known.
TdPolicyFindings check_td_policy(const TdQuoteBody& body, const PckExtension* platform,
                                 const TdxPolicy& policy);

}  // namespace mayfly::attest
