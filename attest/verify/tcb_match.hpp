// Where a platform stands in Intel's lists: the level it reaches, its TDX module's, its quoting
// enclave's, and what the three come to together.
//
// Source    Intel DCAP Quote Verification, "TCB status"; TDX 1.5, "TD preserving update".
// Errors    rejected: no level is reached, no identity of the module is listed, or it differs.
// Threads   Pure functions. What they return borrows from the lists.
#pragma once
#include "attest/verify/pck_extension.hpp"
#include "attest/verify/qe_identity.hpp"
#include "attest/verify/tcb_info.hpp"
#include "attest/verify/tdx_quote.hpp"

namespace mayfly::attest {

using TeeTcbSvn = std::array<std::uint8_t, 16>;

// Byte 1 is the module's major version, byte 0 its minor one (from major version 1 on).
constexpr std::uint8_t module_major(const TeeTcbSvn& svn) {
  return svn[1];
}
constexpr std::uint8_t module_minor(const TeeTcbSvn& svn) {
  return svn[0];
}

// Is the module that launched the TD one of Intel's? nullptr for major version 0, which has no
// identity of its own.
Result<const TdxModuleIdentity*> check_module(const TdQuoteBody& body, const TcbInfo& info);

// The first level that everything reaches. With a module of major version 1 or more, bytes 0 and 1
// of `svn` are the module's version, judged by its identity, so only the rest is compared here.
Result<const PlatformTcbLevel*> match_platform(const PckExtension& platform, const TeeTcbSvn& svn,
                                               const TcbInfo& info);
// The level of the module in `svn`; nullptr for major version 0.
Result<const IsvTcbLevel*> match_module(const TeeTcbSvn& svn, const TcbInfo& info);

// Status: the worst. Date: the oldest. Advisories: all, sorted, each once.
TcbStanding converge(const TcbStanding& platform, const IsvTcbLevel* module, const IsvTcbLevel* qe);

// TD 1.5: what follows from how things stood at launch and how they stand with today's module.
TcbStanding converge_relaunch(const TcbStanding& launch, const TcbStanding& current);

}  // namespace mayfly::attest
