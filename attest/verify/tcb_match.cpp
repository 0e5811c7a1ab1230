#include "attest/verify/tcb_match.hpp"

#include <algorithm>

#include "attest/verify/refuse.hpp"

namespace mayfly::attest {
namespace {

const TdxModuleIdentity* find_identity(std::uint8_t major, const TcbInfo& info) {
  const auto found =
      std::ranges::find_if(info.module_identities,
                           [major](const TdxModuleIdentity& each) { return each.major == major; });
  return found == info.module_identities.end() ? nullptr : &*found;
}

constexpr const char* no_identity = "Intel lists no TDX module of this major version";

bool reaches(const PckExtension& platform, const TeeTcbSvn& svn, const PlatformTcbLevel& level) {
  const std::size_t first_compared = module_major(svn) > 0 ? 2 : 0;
  for (std::size_t i = 0; i < svn.size(); ++i) {
    if (platform.tcb_components.at(i) < level.sgx_components.at(i)) return false;
    if (i >= first_compared && svn.at(i) < level.tdx_components.at(i)) return false;
  }
  return platform.pce_svn >= level.pce_svn;
}

void add(std::vector<std::string>& advisories, const std::vector<std::string>& more) {
  advisories.insert(advisories.end(), more.begin(), more.end());
  std::ranges::sort(advisories);
  const auto repeated = std::ranges::unique(advisories);
  advisories.erase(repeated.begin(), repeated.end());
}

TcbStatus with_part(TcbStatus platform, TcbStatus part) {
  if (platform == TcbStatus::revoked || part == TcbStatus::revoked) {
    return TcbStatus::revoked;
  }
  if (part != TcbStatus::out_of_date) {
    return platform;
  }
  switch (platform) {
    case TcbStatus::configuration_needed:
    case TcbStatus::configuration_and_sw_hardening_needed:
    case TcbStatus::out_of_date_configuration_needed:
      return TcbStatus::out_of_date_configuration_needed;
    default: return TcbStatus::out_of_date;
  }
}

}  // namespace

Result<const TdxModuleIdentity*> check_module(const TdQuoteBody& body, const TcbInfo& info) {
  const std::uint8_t major = module_major(body.tee_tcb_svn);
  const TdxModuleIdentity* const identity = find_identity(major, info);
  if (major > 0 && identity == nullptr) {
    return refuse(no_identity);
  }
  const SeamIdentity& expected = major > 0 ? identity->seam : info.tdx_module;
  if (body.mr_signer_seam != expected.mr_signer) {
    return refuse("the TDX module is signed by another signer (MRSIGNERSEAM)");
  }
  if ((body.seam_attributes & expected.attributes_mask) != expected.attributes) {
    return refuse("the TDX module runs with other attributes (SEAMATTRIBUTES)");
  }
  if (body.seam_attributes != 0) {
    return refuse("the TDX module runs with attributes that none may have (SEAMATTRIBUTES)");
  }
  return major > 0 ? identity : nullptr;
}

Result<const PlatformTcbLevel*> match_platform(const PckExtension& platform, const TeeTcbSvn& svn,
                                               const TcbInfo& info) {
  const auto level = std::ranges::find_if(
      info.levels, [&](const PlatformTcbLevel& each) { return reaches(platform, svn, each); });
  if (level == info.levels.end()) {
    return refuse("no matching TCB level: the platform is below every level that Intel lists");
  }
  return &*level;
}

Result<const IsvTcbLevel*> match_module(const TeeTcbSvn& svn, const TcbInfo& info) {
  if (module_major(svn) == 0) {
    return nullptr;
  }
  const TdxModuleIdentity* const identity = find_identity(module_major(svn), info);
  if (identity == nullptr) {
    return refuse(no_identity);
  }
  const auto level = std::ranges::find_if(identity->levels, [&svn](const IsvTcbLevel& each) {
    return each.isv_svn <= module_minor(svn);
  });
  if (level == identity->levels.end()) {
    return refuse("no matching TCB level: the TDX module is below every level that Intel lists");
  }
  return &*level;
}

TcbStanding converge(const TcbStanding& platform, const IsvTcbLevel* module,
                     const IsvTcbLevel* qe) {
  TcbStanding out = platform;
  for (const IsvTcbLevel* const part : {module, qe}) {
    if (part != nullptr) {
      out.status = with_part(out.status, part->standing.status);
      out.tcb_date = std::min(out.tcb_date, part->standing.tcb_date);
      add(out.advisories, part->standing.advisories);
    }
  }
  add(out.advisories, {});
  return out;
}

TcbStanding converge_relaunch(const TcbStanding& launch, const TcbStanding& current) {
  TcbStanding out = launch;
  if (current.status == TcbStatus::revoked) {
    return current;
  }
  if (is_out_of_date(current.status)) {
    // An update never makes a module older; whatever this is, the TD does not gain by it.
    return is_out_of_date(launch.status) || launch.status == TcbStatus::revoked ? launch : current;
  }
  if (!is_out_of_date(launch.status)) {
    return launch;
  }
  const bool needs_configuration =
      current.status == TcbStatus::configuration_needed ||
      current.status == TcbStatus::configuration_and_sw_hardening_needed;
  out.status = needs_configuration ? TcbStatus::td_relaunch_advised_configuration_needed
                                   : TcbStatus::td_relaunch_advised;
  return out;
}

}  // namespace mayfly::attest
