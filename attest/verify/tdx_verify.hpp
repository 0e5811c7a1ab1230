// Appraises an Intel TDX quote of version 4: is it signed by a quoting enclave whose key chains to
// a pinned root, and is the TD of an acceptable kind? Reports every finding, not the first.
//
// Source    Intel TDX DCAP Quote Verification; Intel TDX Module Base Architecture (TDATTRIBUTES,
//           XFAM). What needs Intel's collateral (revocation lists, TCB info, QE identity) is
//           reported as not evaluated, never as passed.
// Errors    None: everything that is wrong is a finding.
// Threads   Pure function: no I/O, no clock, no globals.
#pragma once
#include <span>

#include "attest/model/trust_anchor.hpp"
#include "attest/verify/tdx_appraisal.hpp"
#include "base/bytes.hpp"
#include "base/time.hpp"

namespace mayfly::attest {

TdxAppraisal appraise_tdx(ByteView quote, std::span<const TrustAnchor> anchors, UnixMillis at);

}  // namespace mayfly::attest
