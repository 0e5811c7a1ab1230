// Appraises an Intel TDX quote: is it signed by a quoting enclave of Intel's whose key chains to a
// pinned root, is the platform current by Intel's own lists, and is the TD what the policy wants?
// Reports every finding, not the first.
//
// Source    Intel TDX DCAP Quote Verification; docs/attestation.md names every check.
// Errors    None: everything that is wrong is a finding.
// Threads   verify_tdx: a pure function; no I/O, no clock, no globals. A TdxVerifier: one thread.
#pragma once
#include "attest/verify/collateral.hpp"
#include "attest/verify/pck_chain.hpp"
#include "attest/verify/td_log_checks.hpp"
#include "attest/verify/tdx_appraisal.hpp"
#include "attest/verify/tdx_policy.hpp"
#include "attest/verify/tdx_tcb_checks.hpp"
#include "base/bytes.hpp"
#include "base/time.hpp"

namespace mayfly::attest {

// With an empty collateral, what needs it is not evaluated, and the verdict is at best
// inconclusive. So it is without a log that the policy asks for.
TdxAppraisal verify_tdx(ByteView quote, const TdxCollateral& collateral, const TdxPolicy& policy,
                        UnixMillis at, const TdLogs& logs = {});

// The same for many quotes: the lists are verified once, and certificates that quotes share once.
// Precondition: collateral and policy outlive it and do not change.
class TdxVerifier {
 public:
  TdxVerifier(const TdxCollateral& collateral, const TdxPolicy& policy, UnixMillis at);

  TdxAppraisal verify(ByteView quote, const TdLogs& logs = {});

 private:
  struct KnownIssuers {
    SharedPckIssuers issuers;
    PckCrlFindings pck_crl;
  };

  void append_collateral(const ParsedTdxQuote& quote, const PckChainAppraisal& chain,
                         TdxAppraisal& out);
  const PckCrlFindings& pck_crl_of(const PckChainAppraisal& chain);
  void conclude(const PckChainAppraisal& chain, TdxAppraisal& out) const;

  const TdxPolicy& policy_;
  UnixMillis at_;
  CollateralAppraisal collateral_;
  KnownIssuers known_;
};

}  // namespace mayfly::attest
